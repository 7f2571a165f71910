{{/* What stands in front of the name of every object. */}}
{{- define "nixcluster.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The name of a component's objects. Another mode has other names: selectors never change. */}}
{{- define "nixcluster.componentName" -}}
{{- $fullname := include "nixcluster.fullname" .root -}}
{{- if eq .component "controller" -}}
{{- $fullname -}}
{{- else -}}
{{- printf "%s-%s" $fullname .component -}}
{{- end -}}
{{- end -}}

{{- define "nixcluster.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: nixcluster
{{ include "nixcluster.selectorLabels" . }}
{{- end -}}

{{- define "nixcluster.selectorLabels" -}}
{{ include "nixcluster.instanceLabels" .root }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{/* What every pod of this release has. */}}
{{- define "nixcluster.instanceLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "nixcluster.serviceAccountName" -}}
{{- $account := (index .root.Values .component).serviceAccount -}}
{{- if $account.create -}}
{{- default (include "nixcluster.componentName" .) $account.name -}}
{{- else -}}
{{- default "default" $account.name -}}
{{- end -}}
{{- end -}}

{{/* The Secret with a component's files. */}}
{{- define "nixcluster.secretName" -}}
{{- default (include "nixcluster.componentName" .) (index .root.Values .component).existingSecret -}}
{{- end -}}

{{- define "nixcluster.redisSecretName" -}}
{{- default (printf "%s-redis" (include "nixcluster.fullname" .)) .Values.redis.existingSecret -}}
{{- end -}}

{{- define "nixcluster.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository (default .Chart.AppVersion $image.tag) -}}
{{- end -}}
{{- end -}}
