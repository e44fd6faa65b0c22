{{/* Names and labels */}}

{{- define "kube-audit-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 47 characters: a Service is FULLNAME-webhook-metrics, and its name has at most 63. */}}
{{- define "kube-audit-exporter.fullname" -}}
{{- $name := include "kube-audit-exporter.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 47 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 47 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 47 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (ternary (include "kube-audit-exporter.fullname" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "kube-audit-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "kube-audit-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "kube-audit-exporter.labels" -}}
{{- include "kube-audit-exporter.labelsWith" (dict "root" . "labels" (dict)) -}}
{{- end -}}

{{/* The labels of all objects, and some more, which replace those of commonLabels. */}}
{{- define "kube-audit-exporter.labelsWith" -}}
{{- with .root -}}
{{ include "kube-audit-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
{{- with mergeOverwrite (deepCopy .root.Values.commonLabels) .labels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kube-audit-exporter.image" -}}
{{- $repository := required "image.repository is required: the registry and name of the image that you pushed, for example --set image.repository=registry.example.com/security/kube-audit-exporter" .Values.image.repository -}}
{{- if .Values.image.digest -}}
{{ $repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/*
The values that depend on the platform, as YAML: those of the preset, replaced by those that are set.
*/}}
{{- define "kube-audit-exporter.platform" -}}
{{- $preset := .Files.Get (printf "presets/%s.yaml" .Values.preset) | fromYaml -}}
{{- $log := .Values.auditLog -}}
{{- dict
      "directory" ($log.directory | default $preset.auditLog.directory | clean)
      "files" ($log.files | default $preset.auditLog.files)
      "access" ($log.access | default $preset.auditLog.access)
      "tolerations" (.Values.daemonSet.tolerations | default $preset.daemonSet.tolerations)
      "affinity" (.Values.daemonSet.affinity | default $preset.daemonSet.affinity)
      "securityContextConstraints" (ternary $preset.openshift.securityContextConstraints .Values.openshift.securityContextConstraints (kindIs "invalid" .Values.openshift.securityContextConstraints))
      "seLinuxOptions" (.Values.daemonSet.seLinuxOptions | default $preset.daemonSet.seLinuxOptions)
    | toYaml -}}
{{- end -}}

{{/* The server for metrics and pages */}}

{{/* The web configuration file, or nothing. */}}
{{- define "kube-audit-exporter.webConfig" -}}
{{- $config := deepCopy .Values.web.config -}}
{{- with .Values.web.tls -}}
{{- if .secretName -}}
{{- $tls := dict "cert_file" "/etc/kube-audit-exporter/web-tls/tls.crt" "key_file" "/etc/kube-audit-exporter/web-tls/tls.key" -}}
{{- if .requireClientCertificate -}}
{{- $_ := set $tls "client_ca_file" "/etc/kube-audit-exporter/web-tls/ca.crt" -}}
{{- $_ := set $tls "client_auth_type" "RequireAndVerifyClientCert" -}}
{{- end -}}
{{- $_ := set $config "tls_server_config" (merge $tls (dig "tls_server_config" (dict) $config)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.web.users -}}
{{- $_ := set $config "basic_auth_users" . -}}
{{- end -}}
{{- if $config -}}
{{- toYaml $config -}}
{{- end -}}
{{- end -}}

{{/*
What a client needs, as YAML, whichever values ask for it: scheme, and whether a certificate and a password. A file in
web.existingSecret is unknown here.
*/}}
{{- define "kube-audit-exporter.web" -}}
{{- $config := include "kube-audit-exporter.webConfig" . | fromYaml -}}
{{- $tls := dig "tls_server_config" (dict) $config -}}
{{- dict
      "scheme" (.Values.web.scheme | default (ternary "https" "http" (gt (len $tls) 0)))
      "certificate" (has (dig "client_auth_type" "" $tls) (list "RequireAnyClientCert" "RequireClientCert" "RequireAndVerifyClientCert"))
      "password" (gt (len (dig "basic_auth_users" (dict) $config)) 0)
    | toYaml -}}
{{- end -}}

{{- define "kube-audit-exporter.webScheme" -}}
{{- (include "kube-audit-exporter.web" . | fromYaml).scheme -}}
{{- end -}}

{{/* Name of the Secret with web.yml, or nothing. */}}
{{- define "kube-audit-exporter.webSecret" -}}
{{- if .Values.web.existingSecret -}}
{{- .Values.web.existingSecret -}}
{{- else if include "kube-audit-exporter.webConfig" . -}}
{{- include "kube-audit-exporter.fullname" . }}-web
{{- end -}}
{{- end -}}

{{/* With a password every path of the exporter needs it, also those of the probes. */}}
{{- define "kube-audit-exporter.probeType" -}}
{{- $web := include "kube-audit-exporter.web" . | fromYaml -}}
{{- if .Values.probes.type -}}
{{- .Values.probes.type -}}
{{- else if or .Values.web.existingSecret $web.certificate (and $web.password (not .Values.probes.authorization)) -}}
tcp
{{- else -}}
http
{{- end -}}
{{- end -}}

{{- define "kube-audit-exporter.probe" -}}
{{- $root := .root -}}
{{- if eq (include "kube-audit-exporter.probeType" $root) "tcp" -}}
tcpSocket:
  port: web
{{- else -}}
httpGet:
  path: {{ .path }}
  port: web
  scheme: {{ include "kube-audit-exporter.webScheme" $root | upper }}
  {{- with $root.Values.probes.authorization }}
  httpHeaders:
    - name: Authorization
      value: {{ . | quote }}
  {{- end }}
{{- end }}
{{ toYaml .timing }}
{{- end -}}
