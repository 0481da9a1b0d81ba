{{/* The control plane's variables, all but extraEnv. */}}
{{- define "optio.env" -}}
{{- $v := .Values -}}
{{- $own := include "optio.fullname" . -}}
{{- $secret := include "optio.secretName" . -}}
{{- $data := include "optio.secretData" . | fromJson -}}
- name: OPTIO_LISTEN
  value: {{ printf "%s:%v" (ternary "[::]" "0.0.0.0" $v.api.ipv6) (int $v.api.port) | quote }}
{{ include "optio.placeEnv" . }}
{{- with include "optio.publicUrl" . }}
- name: OPTIO_PUBLIC_URL
  value: {{ . | quote }}
{{- end }}
- name: OPTIO_API_INTERNAL_URL
  value: {{ default (printf "http://%s.%s.svc:%d" $own .Release.Namespace (int $v.api.port)) $v.api.internalUrl | quote }}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
# Kubernetes fills in POD_IP, so it must stand above.
- name: OPTIO_ADVERTISE_URL
  value: {{ printf "http://%s:%d" (ternary "[$(POD_IP)]" "$(POD_IP)" $v.api.ipv6) (int $v.api.port) | quote }}
{{ include "optio.databaseEnv" (dict "root" . "secret" $own) }}
{{ include "optio.fromSecret" (dict "env" "OPTIO_ENCRYPTION_KEY" "secret" $secret "key" "OPTIO_ENCRYPTION_KEY") }}
{{ include "optio.fromSecret" (dict "env" "OPTIO_TOKEN_KEY" "secret" $secret "key" "OPTIO_TOKEN_KEY") }}
{{- if $v.auth.disabled }}
- name: OPTIO_AUTH_DISABLED
  value: "true"
{{- else }}
{{ include "optio.fromSecret" (dict "env" "OPTIO_ADMIN_TOKEN" "secret" $secret "key" "OPTIO_ADMIN_TOKEN") }}
{{- end }}
{{- range $key := list "OPTIO_ENCRYPTION_KEY_PREVIOUS" "ANTHROPIC_API_KEY" "CLAUDE_CODE_OAUTH_TOKEN" "GITHUB_TOKEN" "GITLAB_TOKEN" "GITHUB_WEBHOOK_SECRET" "GITLAB_WEBHOOK_SECRET" }}
{{- if or $v.existingSecret (hasKey $data $key) }}
{{ include "optio.fromSecret" (dict "env" $key "secret" $secret "key" $key "optional" true) }}
{{- end }}
{{- end }}
{{- with $v.anthropic.baseUrl }}
- name: ANTHROPIC_BASE_URL
  value: {{ . | quote }}
{{- end }}
{{- if $v.github.app.existingSecret }}
{{ include "optio.fromSecret" (dict "env" "GITHUB_APP_ID" "secret" $v.github.app.existingSecret "key" "GITHUB_APP_ID") }}
{{- else if $v.github.app.id }}
- name: GITHUB_APP_ID
  value: {{ $v.github.app.id | quote }}
{{- end }}
{{- if or $v.github.app.existingSecret $v.github.app.id }}
- name: OPTIO_GITHUB_APP_PRIVATE_KEY_FILE
  value: /etc/optio/github-app/private-key.pem
{{- end }}
{{- range $env, $value := dict "OPTIO_GITHUB_URL" $v.github.url "OPTIO_GITHUB_API_URL" $v.github.apiUrl "OPTIO_GITLAB_URL" $v.gitlab.url "OPTIO_GITLAB_API_URL" $v.gitlab.apiUrl }}
{{- if $value }}
- name: {{ $env }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{ include "optio.sandboxEnv" . }}
{{- range $name, $value := $v.limits }}
- name: OPTIO_LIMITS_{{ upper $name }}
  value: {{ int64 $value | quote }}
{{- end }}
{{- end -}}

{{/* What sandboxes are made of. Structures go as JSON. */}}
{{- define "optio.sandboxEnv" -}}
{{- $agent := .Values.agent -}}
- name: OPTIO_RUNTIME
  value: kubernetes
- name: OPTIO_NAMESPACE
  value: {{ include "optio.sandboxNamespace" . | quote }}
# Two releases may share a namespace of sandboxes.
- name: OPTIO_INSTANCE
  value: {{ .Release.Name | quote }}
- name: OPTIO_SERVICE_ACCOUNT_NAME
  value: {{ include "optio.agentServiceAccountName" . | quote }}
- name: OPTIO_AGENT_IMAGE
  value: {{ include "optio.imageName" (dict "root" . "repository" $agent.image.repository "tag" $agent.image.tag) | quote }}
{{- with $agent.prefix }}
- name: OPTIO_AGENT_IMAGE_PREFIX
  value: {{ . | quote }}
{{- end }}
- name: OPTIO_RUNNER_IMAGE
  value: {{ include "optio.image" . | quote }}
- name: OPTIO_IMAGE_PULL_POLICY
  value: {{ $agent.imagePullPolicy | quote }}
{{- with .Values.imagePullSecrets }}
{{- $names := list }}
{{- range . }}{{ $names = append $names .name }}{{ end }}
- name: OPTIO_IMAGE_PULL_SECRETS
  value: {{ join "," $names | quote }}
{{- end }}
{{- with $agent.nodeSelector }}
- name: OPTIO_AGENT_NODE_SELECTOR
  value: {{ toJson . | quote }}
{{- end }}
{{- with $agent.tolerations }}
- name: OPTIO_AGENT_TOLERATIONS
  value: {{ toJson . | quote }}
{{- end }}
{{- with $agent.resources }}
- name: OPTIO_AGENT_RESOURCES
  value: {{ toJson . | quote }}
{{- end }}
{{- with $agent.runtimeClassName }}
- name: OPTIO_AGENT_RUNTIME_CLASS
  value: {{ . | quote }}
{{- end }}
- name: OPTIO_HOME_PVC_SIZE
  value: {{ $agent.pvc.size | quote }}
{{- with $agent.pvc.storageClass }}
- name: OPTIO_HOME_PVC_STORAGE_CLASS
  value: {{ . | quote }}
{{- end }}
- name: OPTIO_HOME_PVC_ACCESS_MODE
  value: {{ first $agent.pvc.accessModes | quote }}
- name: OPTIO_CACHE_PVC_SIZE
  value: {{ $agent.cache.size | quote }}
{{- with $agent.cache.storageClass }}
- name: OPTIO_CACHE_STORAGE_CLASS
  value: {{ . | quote }}
{{- end }}
- name: OPTIO_CACHE_PVC_ACCESS_MODE
  value: {{ first $agent.cache.accessModes | quote }}
{{- with $agent.egressCidrs }}
- name: OPTIO_EGRESS_CIDRS
  value: {{ join "," . | quote }}
{{- end }}
- name: OPTIO_CONTROL_PLANE_SELECTOR
  value: {{ dict "namespace" .Release.Namespace "labels" (include "optio.selector" . | fromYaml) "port" (int .Values.api.port) | toJson | quote }}
{{- end -}}
