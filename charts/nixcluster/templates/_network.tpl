{{/* `from:` or `to:` of a rule; an empty list means anywhere, and then the key is left out. */}}
{{- define "nixcluster.peers" -}}
{{- with .peers }}
  {{ $.key }}:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- end -}}

{{- define "nixcluster.tcpPorts" -}}
ports:
  {{- range . }}
  - port: {{ int . }}
    protocol: TCP
  {{- end }}
{{- end -}}

{{/* Ports that git, the forges and caches are reached at, by the addresses in the settings; as JSON. */}}
{{- define "nixcluster.gitPorts" -}}
{{- $ports := list -}}
{{- range .Values.config.repositories -}}
{{- range list .url .apiUrl -}}
{{- with include "nixcluster.portOf" (default "" .) -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range .Values.networkPolicy.git.ports -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}

{{/* Where a component may connect to. */}}
{{- define "nixcluster.egress" -}}
{{- $policy := .root.Values.networkPolicy -}}
- ports:
    {{- range $policy.dns.ports }}
    - port: {{ int . }}
      protocol: UDP
    - port: {{ int . }}
      protocol: TCP
    {{- end }}
  {{- include "nixcluster.peers" (dict "key" "to" "peers" $policy.dns.to) }}
{{- if .root.Values.redis.server.enabled }}
- ports:
    - port: redis
      protocol: TCP
  to:
    - podSelector:
        matchLabels:
          {{- include "nixcluster.selectorLabels" (dict "root" .root "component" "redis") | nindent 10 }}
{{- else if .root.Values.redis.url }}
- {{ include "nixcluster.tcpPorts" (list (include "nixcluster.portOf" .root.Values.redis.url)) | nindent 2 | trim }}
  {{- include "nixcluster.peers" (dict "key" "to" "peers" $policy.redis.to) }}
{{- end }}
{{- if eq (include "nixcluster.runsNix" .) "true" }}
- {{ include "nixcluster.tcpPorts" (include "nixcluster.gitPorts" .root | fromJsonArray) | nindent 2 | trim }}
  {{- include "nixcluster.peers" (dict "key" "to" "peers" $policy.git.to) }}
{{- end }}
{{- if has .component (list "controller" "deploy") }}
- {{ include "nixcluster.tcpPorts" $policy.machines.ports | nindent 2 | trim }}
  {{- include "nixcluster.peers" (dict "key" "to" "peers" $policy.machines.to) }}
{{- end }}
{{- with index $policy.extraEgress .component }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Who may connect to a component: proxies, and who reads metrics. Probes come from the node, which no policy keeps away. */}}
{{- define "nixcluster.ingressRules" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- $hasLinks := and (eq (include "nixcluster.servesLogs" .) "true") (get (include "nixcluster.settings" .root | fromYaml) "publicUrl") -}}
{{- $isPublic := or (eq (include "nixcluster.takesWebhooks" .) "true") $hasLinks -}}
{{- $rules := list -}}
{{- $ports := list (dict "port" "http" "protocol" "TCP") -}}
{{- if $isPublic -}}
{{- $rules = append $rules (dict "ports" $ports "peers" $policy.proxies.from) -}}
{{- end -}}
{{- if or .root.Values.serviceMonitor.enabled $policy.metrics.from -}}
{{- $rules = append $rules (dict "ports" $ports "peers" $policy.metrics.from) -}}
{{- end -}}
{{- range $rules }}
- ports:
    - port: http
      protocol: TCP
  {{- include "nixcluster.peers" (dict "key" "from" "peers" .peers) }}
{{- end -}}
{{- end -}}
