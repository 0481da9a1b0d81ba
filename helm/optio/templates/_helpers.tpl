{{/* The name of the control plane's objects. */}}
{{- define "optio.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What pods of this release are found by, whatever they are for. It must never change. */}}
{{- define "optio.identity" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What the control plane's pods are found by. */}}
{{- define "optio.selector" -}}
{{ include "optio.identity" . }}
app.kubernetes.io/component: control-plane
{{- end -}}

{{/* The labels of every object but its component. */}}
{{- define "optio.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "optio.identity" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: optio
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* An image. Takes a dict: root, repository, tag, digest. */}}
{{- define "optio.imageName" -}}
{{- $registry := .root.Values.global.imageRegistry | trimSuffix "/" -}}
{{- $name := ternary .repository (printf "%s/%s" $registry .repository) (empty $registry) -}}
{{- if .digest -}}
{{- printf "%s@%s" $name .digest -}}
{{- else -}}
{{- printf "%s:%s" $name (default .root.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}

{{/* The control plane's image, which also brings the runner into sandboxes. */}}
{{- define "optio.image" -}}
{{- $image := .Values.api.image -}}
{{- include "optio.imageName" (dict "root" . "repository" $image.repository "tag" $image.tag "digest" $image.digest) -}}
{{- end -}}

{{/* Where sandboxes are. */}}
{{- define "optio.sandboxNamespace" -}}
{{- default (printf "%s-sandboxes" .Release.Namespace) .Values.sandboxes.namespace -}}
{{- end -}}

{{- define "optio.serviceAccountName" -}}
{{- default (include "optio.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "optio.agentServiceAccountName" -}}
{{- default (printf "%s-agent" (include "optio.fullname" .)) .Values.agent.serviceAccount.name -}}
{{- end -}}

{{/* A name for what has no namespace, so that two releases of one name do not share it. */}}
{{- define "optio.clusterName" -}}
{{- printf "%s-%s" .Release.Namespace (include "optio.fullname" .) -}}
{{- end -}}

{{- define "optio.postgresName" -}}
{{- printf "%s-postgresql" (include "optio.fullname" .) -}}
{{- end -}}

{{/* The Secret with the keys and tokens. */}}
{{- define "optio.secretName" -}}
{{- default (include "optio.fullname" .) .Values.existingSecret -}}
{{- end -}}

{{/* The URL of the database where the chart knows it. */}}
{{- define "optio.databaseUrl" -}}
{{- if .Values.postgresql.enabled -}}
{{- $auth := .Values.postgresql.auth -}}
{{- printf "postgres://%s:%s@%s.%s.svc:5432/%s?sslmode=disable" $auth.username $auth.password (include "optio.postgresName" .) .Release.Namespace $auth.database -}}
{{- else -}}
{{- .Values.externalDatabase.url -}}
{{- end -}}
{{- end -}}

{{/*
What the chart's Secret holds, as an object of plain texts. Empty where everything is in Secrets of yours.
*/}}
{{- define "optio.secretData" -}}
{{- $v := .Values -}}
{{- $data := dict "DATABASE_URL" (include "optio.databaseUrl" .) -}}
{{- if not $v.existingSecret -}}
{{- $_ := set $data "OPTIO_ENCRYPTION_KEY" $v.encryption.key -}}
{{- $_ := set $data "OPTIO_ENCRYPTION_KEY_PREVIOUS" $v.encryption.previousKey -}}
{{- /* Derived, not random: every rendering gives the same, and so do all replicas. */ -}}
{{- $_ := set $data "OPTIO_TOKEN_KEY" (default (printf "%s:credential-secret" $v.encryption.key | sha256sum) $v.credentialSecret) -}}
{{- $_ := set $data "OPTIO_ADMIN_TOKEN" $v.auth.adminToken -}}
{{- $_ := set $data "ANTHROPIC_API_KEY" $v.anthropic.apiKey -}}
{{- $_ := set $data "CLAUDE_CODE_OAUTH_TOKEN" $v.anthropic.oauthToken -}}
{{- $_ := set $data "GITHUB_TOKEN" $v.github.token -}}
{{- $_ := set $data "GITLAB_TOKEN" $v.gitlab.token -}}
{{- $_ := set $data "GITHUB_WEBHOOK_SECRET" $v.webhook.githubSecret -}}
{{- $_ := set $data "GITLAB_WEBHOOK_SECRET" $v.webhook.gitlabSecret -}}
{{- end -}}
{{- if not $v.github.app.existingSecret -}}
{{- $_ := set $data "GITHUB_APP_PRIVATE_KEY" $v.github.app.privateKey -}}
{{- end -}}
{{- range $key, $value := $data -}}
{{- if not $value -}}{{- $_ := unset $data $key -}}{{- end -}}
{{- end -}}
{{- toJson $data -}}
{{- end -}}

{{/* One variable from a Secret. Takes a dict: env, secret, key, optional. */}}
{{- define "optio.fromSecret" -}}
- name: {{ .env }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
      {{- if .optional }}
      optional: true
      {{- end }}
{{- end -}}

{{/* DATABASE_URL. Takes a dict: root, secret (the name of the chart's own Secret). */}}
{{- define "optio.databaseEnv" -}}
{{- $external := .root.Values.externalDatabase -}}
{{- if and $external.existingSecret (not .root.Values.postgresql.enabled) -}}
{{- include "optio.fromSecret" (dict "env" "DATABASE_URL" "secret" $external.existingSecret "key" $external.existingSecretKey) -}}
{{- else -}}
{{- include "optio.fromSecret" (dict "env" "DATABASE_URL" "secret" .secret "key" "DATABASE_URL") -}}
{{- end -}}
{{- end -}}

{{/* Where the process may write, and what the settings that it does not need start from. */}}
{{- define "optio.placeEnv" -}}
- name: OPTIO_DATA_DIR
  value: /var/lib/optio
- name: HOME
  value: /var/lib/optio
- name: OPTIO_LOG
  value: {{ .Values.api.env.LOG_LEVEL | quote }}
{{- end -}}

{{- define "optio.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop:
    - ALL
{{- end -}}

{{/* Optio's address as people reach it, where it is known. */}}
{{- define "optio.publicUrl" -}}
{{- if .Values.publicUrl -}}
{{- .Values.publicUrl | trimSuffix "/" -}}
{{- else if and .Values.ingress.enabled .Values.ingress.hosts -}}
{{- $secure := or .Values.ingress.tls .Values.ingress.certManager.enabled -}}
{{- printf "%s://%s" (ternary "https" "http" (not (empty $secure))) (first .Values.ingress.hosts).host -}}
{{- else if and .Values.gatewayAPI.enabled .Values.gatewayAPI.hostname (not (hasPrefix "*" .Values.gatewayAPI.hostname)) -}}
{{- $secure := false -}}
{{- range .Values.gatewayAPI.listeners -}}
{{- if eq .protocol "HTTPS" -}}{{- $secure = true -}}{{- end -}}
{{- end -}}
{{- printf "%s://%s" (ternary "https" "http" $secure) .Values.gatewayAPI.hostname -}}
{{- end -}}
{{- end -}}

{{/*
API versions. A cluster says which it has; the version of Kubernetes counts as well, because
`helm template` claims that all are there.
*/}}
{{- define "optio.pdbVersion" -}}
{{- if and (.Capabilities.APIVersions.Has "policy/v1") (semverCompare ">=1.21-0" .Capabilities.KubeVersion.Version) -}}
policy/v1
{{- else -}}
policy/v1beta1
{{- end -}}
{{- end -}}

{{/* Empty where there is none that can be used. The two versions have the same shape. */}}
{{- define "optio.hpaVersion" -}}
{{- if and (.Capabilities.APIVersions.Has "autoscaling/v2") (semverCompare ">=1.23-0" .Capabilities.KubeVersion.Version) -}}
autoscaling/v2
{{- else if and (.Capabilities.APIVersions.Has "autoscaling/v2beta2") (semverCompare "<1.26-0" .Capabilities.KubeVersion.Version) -}}
autoscaling/v2beta2
{{- end -}}
{{- end -}}

{{- define "optio.gatewayVersion" -}}
{{- if .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1" -}}
gateway.networking.k8s.io/v1
{{- else if .Capabilities.APIVersions.Has "gateway.networking.k8s.io/v1beta1" -}}
gateway.networking.k8s.io/v1beta1
{{- end -}}
{{- end -}}

{{/* The namespace of the release as a NetworkPolicy selects it. */}}
{{- define "optio.releaseNamespaceSelector" -}}
{{- if semverCompare ">=1.21-0" .Capabilities.KubeVersion.Version -}}
matchLabels:
  kubernetes.io/metadata.name: {{ .Release.Namespace }}
{{- else -}}
{{- /* Older clusters give namespaces no label with their name; then the labels of the pods must do. */ -}}
{}
{{- end -}}
{{- end -}}
