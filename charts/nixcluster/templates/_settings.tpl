{{/*
controller.yaml: the settings from `config`, with what the chart knows itself. One file serves all roles;
each reads only the secrets that are its own.
*/}}
{{- define "nixcluster.settings" -}}
{{- $own := dict "stateDir" "/var/lib/nixcluster" "listen" (dict "host" "0.0.0.0" "port" 8080) -}}
{{- if eq (include "nixcluster.sharesRedis" .) "true" -}}
{{- $redis := dict "url" (include "nixcluster.redisUrl" .) -}}
{{- if eq (include "nixcluster.hasRedisPassword" .) "true" -}}
{{- $_ := set $redis "passwordFile" "redis-password" -}}
{{- end -}}
{{- $_ := set $own "redis" $redis -}}
{{- end -}}
{{- if and .Values.ingress.enabled (has "logs" .Values.ingress.routes) -}}
{{- $_ := set $own "publicUrl" (include "nixcluster.ingressUrl" .) -}}
{{- end -}}
{{- mustMergeOverwrite $own (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{- define "nixcluster.ingressUrl" -}}
{{- printf "%s://%s" (empty .Values.ingress.tlsSecret | ternary "http" "https") .Values.ingress.host -}}
{{- end -}}
