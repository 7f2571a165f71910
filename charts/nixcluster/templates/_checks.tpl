{{/* What values.schema.json cannot say: everything that is wrong, in one message. */}}
{{- define "nixcluster.check" -}}
{{- $problems := list -}}
{{- $shares := eq (include "nixcluster.sharesRedis" .) "true" -}}
{{- if and .Values.redis.url .Values.redis.server.enabled -}}
{{- $problems = append $problems "redis.url names a Redis, and redis.server.enabled brings another: choose one" -}}
{{- end -}}
{{- if and (eq .Values.mode "roles") (not $shares) -}}
{{- $problems = append $problems "mode: roles needs a Redis that the roles share: set redis.url, or redis.server.enabled: true" -}}
{{- end -}}
{{- if and .Values.redis.existingSecret .Values.redis.password -}}
{{- $problems = append $problems "redis.existingSecret and redis.password both give a password: choose one" -}}
{{- end -}}
{{- if and .Values.redis.server.enabled (ne (include "nixcluster.hasRedisPassword" .) "true") -}}
{{- $problems = append $problems "redis.server.enabled needs a password: name a Secret as redis.existingSecret" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- $problems = append $problems "ingress.enabled needs ingress.host" -}}
{{- end -}}
{{- range $component := include "nixcluster.components" . | fromJsonArray -}}
{{- $values := index $.Values $component -}}
{{- $keys := include "nixcluster.secretKeys" (dict "root" $ "component" $component) | fromJsonArray -}}
{{- if and $values.existingSecret $values.secretFiles -}}
{{- $problems = append $problems (printf "%s.existingSecret and %s.secretFiles both give its files: choose one" $component $component) -}}
{{- else if $values.secretFiles -}}
{{- range $keys -}}
{{- if not (hasKey $values.secretFiles .) -}}
{{- $problems = append $problems (printf "config names the file %s, which %s.secretFiles does not have" . $component) -}}
{{- end -}}
{{- end -}}
{{- else if and $keys (not $values.existingSecret) -}}
{{- $problems = append $problems (printf "%s.existingSecret is to name a Secret with the keys %s" $component (join ", " $keys)) -}}
{{- end -}}
{{- range $keys -}}
{{- if not (regexMatch "^[-._A-Za-z0-9]+$" .) -}}
{{- $problems = append $problems (printf "config names the file '%s': a relative path is a key of the Secret, so it has no folder in it" .) -}}
{{- end -}}
{{- end -}}
{{- if gt (int $values.replicas) 1 -}}
{{- if not $shares -}}
{{- $problems = append $problems (printf "%s.replicas above 1 needs a Redis that they share: set redis.url, or redis.server.enabled: true" $component) -}}
{{- end -}}
{{- if dig "persistence" "enabled" false $values -}}
{{- $problems = append $problems (printf "%s.replicas above 1 needs %s.persistence.enabled: false, since each process has folders of its own" $component $component) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- with $problems | uniq -}}
{{- fail (printf "\n\nThese values do not fit together:\n- %s\n" (join "\n- " .)) -}}
{{- end -}}
{{- end -}}
