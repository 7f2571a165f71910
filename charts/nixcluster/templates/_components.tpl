{{/* The processes of this release, as a JSON list. */}}
{{- define "nixcluster.components" -}}
{{- if eq .Values.mode "all" -}}
{{- list "controller" | toJson -}}
{{- else -}}
{{- list "webhook" "plan" "deploy" | toJson -}}
{{- end -}}
{{- end -}}

{{/* "true" for those that run git and Nix and so need folders of their own. */}}
{{- define "nixcluster.runsNix" -}}
{{- ne .component "webhook" -}}
{{- end -}}

{{/* "true" for those whose `/logs/` the comments link to. */}}
{{- define "nixcluster.servesLogs" -}}
{{- has .component (list "controller" "deploy") -}}
{{- end -}}

{{/* "true" for those that webhooks, hooks and commands are sent to. */}}
{{- define "nixcluster.takesWebhooks" -}}
{{- has .component (list "controller" "webhook") -}}
{{- end -}}

{{/* The component that webhooks, hooks and commands are sent to. */}}
{{- define "nixcluster.front" -}}
{{- eq .Values.mode "all" | ternary "controller" "webhook" -}}
{{- end -}}

{{/* The secret files that a component reads, by the settings: a JSON list of paths as they are written there. */}}
{{- define "nixcluster.secretPaths" -}}
{{- $component := .component -}}
{{- $paths := list -}}
{{- $config := .root.Values.config -}}
{{- range $config.repositories -}}
{{- if ne $component "plan" -}}
{{- $paths = append $paths .secretFile -}}
{{- end -}}
{{- if ne $component "webhook" -}}
{{- $paths = append $paths (default "" .tokenFile) -}}
{{- $paths = append $paths (default "" (dig "app" "privateKeyFile" "" .)) -}}
{{- end -}}
{{- end -}}
{{- if ne $component "webhook" -}}
{{- $paths = append $paths (dig "ssh" "identityFile" "" $config) -}}
{{- end -}}
{{- without $paths "" | uniq | sortAlpha | toJson -}}
{{- end -}}

{{/* Those of them that its Secret has to hold: relative paths start where the Secret is mounted. */}}
{{- define "nixcluster.secretKeys" -}}
{{- $keys := list -}}
{{- range include "nixcluster.secretPaths" . | fromJsonArray -}}
{{- if not (hasPrefix "/" .) -}}
{{- $keys = append $keys . -}}
{{- end -}}
{{- end -}}
{{- $keys | toJson -}}
{{- end -}}

{{/* "true" where all processes share a Redis; without it the controller starts one inside of its pod. */}}
{{- define "nixcluster.sharesRedis" -}}
{{- or (ne .Values.redis.url "") .Values.redis.server.enabled -}}
{{- end -}}

{{/* "true" where that Redis has a password. */}}
{{- define "nixcluster.hasRedisPassword" -}}
{{- and (eq (include "nixcluster.sharesRedis" .) "true") (or (ne .Values.redis.existingSecret "") (ne .Values.redis.password "")) -}}
{{- end -}}

{{- define "nixcluster.redisUrl" -}}
{{- if .Values.redis.url -}}
{{- .Values.redis.url -}}
{{- else -}}
{{- printf "redis://%s-redis:6379" (include "nixcluster.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* The port that a URL, or what git takes for one, leads to; empty for a path. */}}
{{- define "nixcluster.portOf" -}}
{{- $named := regexFind "^[a-z+]+://[^/]*:[0-9]+(/|$)" . -}}
{{- if $named -}}
{{- regexFind "[0-9]+/?$" $named | trimSuffix "/" -}}
{{- else if hasPrefix "https://" . -}}
443
{{- else if hasPrefix "http://" . -}}
80
{{- else if hasPrefix "git://" . -}}
9418
{{- else if regexMatch "^rediss?://" . -}}
6379
{{- else if regexMatch "^[^/]+:" . -}}
22
{{- end -}}
{{- end -}}

{{/* A component's part of `pod:`, over what is said for all. */}}
{{- define "nixcluster.podValues" -}}
{{- $own := default dict (index .root.Values .component).pod -}}
{{- mustMergeOverwrite (deepCopy .root.Values.pod) (deepCopy $own) | toJson -}}
{{- end -}}
