{{/* What the namespace's strictest policy ("restricted") asks for, of a whole pod. */}}
{{- define "nixcluster.podSecurity" -}}
automountServiceAccountToken: false
# Variables such as NIXCLUSTER_REDIS_PORT, which a Service of that name would bring, look like settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  # The image's user; ssh works for one that it knows only.
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  # Else every start would change the mode of every file in the Nix store.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "nixcluster.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* Where a pod may run, from `pod:`. */}}
{{- define "nixcluster.scheduling" -}}
{{- $pod := include "nixcluster.podValues" . | fromJson -}}
{{- with $pod.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $pod.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- if $pod.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml $pod.topologySpreadConstraints | nindent 2 }}
{{- else if gt (int (default 1 (index .root.Values .component).replicas)) 1 }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "nixcluster.selectorLabels" . | nindent 8 }}
{{- end }}
{{- end -}}

{{/* The pod of a process of nixcluster. */}}
{{- define "nixcluster.pod" -}}
{{- $root := .root -}}
{{- $values := index .root.Values .component -}}
{{- $pod := include "nixcluster.podValues" . | fromJson -}}
{{- $runsNix := eq (include "nixcluster.runsNix" .) "true" -}}
metadata:
  labels:
    {{- include "nixcluster.labels" . | nindent 4 }}
    {{- with $pod.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include (print $root.Template.BasePath "/configmap.yaml") $root | sha256sum }}
    {{- if or $values.secretFiles $root.Values.redis.password }}
    checksum/secret: {{ include (print $root.Template.BasePath "/secrets.yaml") $root | sha256sum }}
    {{- end }}
    {{- with $pod.annotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "nixcluster.serviceAccountName" . }}
  {{- include "nixcluster.podSecurity" $root | nindent 2 }}
  terminationGracePeriodSeconds: {{ int $values.terminationGracePeriodSeconds }}
  {{- with include "nixcluster.scheduling" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      image: {{ include "nixcluster.image" $root | quote }}
      imagePullPolicy: {{ $root.Values.image.pullPolicy }}
      args:
        - serve
        {{- if ne .component "controller" }}
        - --role
        - {{ .component }}
        {{- end }}
        - --config
        - /etc/nixcluster/controller.yaml
      env:
        # The image says where to listen, and variables go before controller.yaml.
        - name: NIXCLUSTER_LISTEN_HOST
          value: {{ dig "listen" "host" "0.0.0.0" $root.Values.config | quote }}
        # The home is read-only where there is no state folder.
        - name: XDG_CACHE_HOME
          value: /tmp
        {{- if and $runsNix $root.Values.nix.config }}
        - name: NIX_CONFIG
          value: {{ $root.Values.nix.config | quote }}
        {{- end }}
        {{- with $pod.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- include "nixcluster.containerSecurity" $root | nindent 6 }}
      ports:
        - name: http
          containerPort: 8080
          protocol: TCP
      # Repositories are cloned before it listens.
      startupProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 5
        failureThreshold: 120
      livenessProbe:
        httpGet: { path: /healthz, port: http }
        periodSeconds: 20
        timeoutSeconds: 5
      readinessProbe:
        httpGet: { path: /readyz, port: http }
        periodSeconds: 10
        timeoutSeconds: 5
      resources:
        {{- toYaml $values.resources | nindent 8 }}
      volumeMounts:
        - name: settings
          mountPath: /etc/nixcluster
          readOnly: true
        - name: tmp
          mountPath: /tmp
        {{- if $runsNix }}
        # Nix itself is not in /nix but in the image's /usr, so that an empty volume will do, and an old one
        # goes with a new image. The store's roots are links to the state folder: both are in one volume.
        - name: data
          mountPath: /var/lib/nixcluster
          subPath: state
        - name: data
          mountPath: /nix
          subPath: nix
        {{- if $root.Values.knownHosts }}
        - name: known-hosts
          mountPath: /etc/ssh/ssh_known_hosts
          subPath: ssh_known_hosts
          readOnly: true
        {{- end }}
        {{- end }}
        {{- with $pod.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: settings
      projected:
        defaultMode: 0440
        sources:
          - configMap:
              name: {{ include "nixcluster.fullname" $root }}
              items:
                - key: controller.yaml
                  path: controller.yaml
          {{- if or $values.existingSecret $values.secretFiles }}
          - secret:
              name: {{ include "nixcluster.secretName" . | quote }}
          {{- end }}
          {{- if eq (include "nixcluster.hasRedisPassword" $root) "true" }}
          - secret:
              name: {{ include "nixcluster.redisSecretName" $root | quote }}
              items:
                - key: {{ $root.Values.redis.passwordKey | quote }}
                  path: redis-password
          {{- end }}
    - name: tmp
      emptyDir: {}
    {{- if $runsNix }}
    - name: data
      {{- if $values.persistence.enabled }}
      persistentVolumeClaim:
        claimName: {{ default (include "nixcluster.componentName" .) $values.persistence.existingClaim | quote }}
      {{- else }}
      emptyDir:
        {{- with $values.persistence.size }}
        sizeLimit: {{ . | quote }}
        {{- end }}
      {{- end }}
    {{- if $root.Values.knownHosts }}
    - name: known-hosts
      configMap:
        name: {{ include "nixcluster.fullname" $root }}
        defaultMode: 0444
        items:
          - key: ssh_known_hosts
            path: ssh_known_hosts
    {{- end }}
    {{- end }}
    {{- with $pod.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}
