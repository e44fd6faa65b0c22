{{/* Names and labels */}}

{{- define "kube-audit-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 52 characters, so that "-webhook" and the suffixes of Kubernetes fit. */}}
{{- define "kube-audit-exporter.fullname" -}}
{{- $name := include "kube-audit-exporter.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
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
{{ include "kube-audit-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
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
      "directory" ($log.directory | default $preset.auditLog.directory | trimSuffix "/")
      "files" ($log.files | default $preset.auditLog.files)
      "access" ($log.access | default $preset.auditLog.access)
      "tolerations" (.Values.daemonSet.tolerations | default $preset.daemonSet.tolerations)
      "affinity" (.Values.daemonSet.affinity | default $preset.daemonSet.affinity)
      "securityContextConstraints" (ternary $preset.openshift.securityContextConstraints .Values.openshift.securityContextConstraints (kindIs "invalid" .Values.openshift.securityContextConstraints))
      "seLinuxOptions" (.Values.daemonSet.seLinuxOptions | default $preset.daemonSet.seLinuxOptions)
    | toYaml -}}
{{- end -}}

{{/* The seconds of a duration such as 1h30m. */}}
{{- define "kube-audit-exporter.seconds" -}}
{{- $units := dict "s" 1 "m" 60 "h" 3600 "d" 86400 "w" 604800 "y" 31536000 -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+[a-z]+" . -1 -}}
{{- $sum = add $sum (mul (regexFind "[0-9]+" . | int64) (get $units (regexFind "[a-z]+" .) | default 0)) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/* Errors that the schema cannot find, because they concern several values. */}}
{{- define "kube-audit-exporter.check" -}}
{{- $platform := include "kube-audit-exporter.platform" . | fromYaml -}}
{{- if not (or .Values.daemonSet.enabled .Values.webhook.enabled) -}}
{{- fail "daemonSet.enabled and webhook.enabled are both false: there is nothing to install" -}}
{{- end -}}
{{- $directory := $platform.directory -}}
{{- if or (eq $directory "/var/lib/kube-audit-exporter") (hasPrefix "/var/lib/kube-audit-exporter/" $directory) -}}
{{- fail (printf "auditLog.directory is %s, where the pod has the exporter's state: set it to the directory that the API server logs to" $directory) -}}
{{- end -}}
{{- if eq $directory .Values.state.directory -}}
{{- fail (printf "auditLog.directory and state.directory are both %s: give the state a directory of its own" $directory) -}}
{{- end -}}
{{- if not (has (dig "rollingUpdate" "maxSurge" 0 .Values.daemonSet.updateStrategy | toString) (list "0" "0%")) -}}
{{- fail "daemonSet.updateStrategy.rollingUpdate.maxSurge must be 0: two exporters cannot use the state of one node" -}}
{{- end -}}
{{- if and .Values.webhook.enabled (eq (int .Values.web.port) (int .Values.webhook.port)) -}}
{{- fail (printf "web.port and webhook.port are both %d: give them different ports" (int .Values.web.port)) -}}
{{- end -}}
{{- $window := include "kube-audit-exporter.seconds" .Values.exporter.window | int -}}
{{- if or (lt $window 300) (gt $window 86400) -}}
{{- fail (printf "exporter.window must be from 5m to 24h, not %s" .Values.exporter.window) -}}
{{- end -}}
{{- $retention := include "kube-audit-exporter.seconds" .Values.exporter.retention | int -}}
{{- if lt $retention 3600 -}}
{{- fail (printf "exporter.retention must be at least 1h, not %s" .Values.exporter.retention) -}}
{{- end -}}
{{- if gt $window $retention -}}
{{- fail (printf "exporter.window (%s) must not exceed exporter.retention (%s)" .Values.exporter.window .Values.exporter.retention) -}}
{{- end -}}
{{- if and (eq $platform.access "group") (kindIs "invalid" .Values.auditLog.group) -}}
{{- fail "auditLog.access is group: set auditLog.group to the number of the log's group" -}}
{{- end -}}
{{- if and (not (kindIs "invalid" .Values.auditLog.group)) (ne $platform.access "group") -}}
{{- fail (printf "auditLog.group has no effect with auditLog.access %s: set auditLog.access to group" $platform.access) -}}
{{- end -}}
{{- if and .Values.webhook.enabled (not .Values.webhook.tls.secretName) (not .Values.webhook.insecure) -}}
{{- fail "webhook.tls.secretName is required: a Secret with tls.crt, tls.key and ca.crt. Anyone who can send to the webhook can add counts for any address; to allow that in a test, set webhook.insecure" -}}
{{- end -}}
{{- if and .Values.web.existingSecret (or .Values.web.tls.secretName .Values.web.users .Values.web.config) -}}
{{- fail "web.existingSecret replaces web.tls, web.users and web.config: set either it or them" -}}
{{- end -}}
{{- if and .Values.web.tls.requireClientCertificate (not .Values.web.tls.secretName) -}}
{{- fail "web.tls.requireClientCertificate needs web.tls.secretName, a Secret with tls.crt, tls.key and ca.crt" -}}
{{- end -}}
{{- if and .Values.web.users (eq .Values.probes.type "http") (not .Values.probes.authorization) -}}
{{- fail "probes.type is http and web.users asks for a password: set probes.authorization, or use probes.type tcp" -}}
{{- end -}}
{{- if and .Values.monitoring.podMonitor .Values.monitoring.serviceMonitor -}}
{{- fail "monitoring.podMonitor and monitoring.serviceMonitor would scrape each exporter twice: use one of them" -}}
{{- end -}}
{{- range .Values.exporter.extraArgs -}}
{{- if not (hasPrefix "--" .) -}}
{{- fail (printf "exporter.extraArgs: %q is not a flag; write --flag=value" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The server for metrics and pages */}}

{{- define "kube-audit-exporter.webScheme" -}}
{{- .Values.web.scheme | default (ternary "https" "http" (ne .Values.web.tls.secretName "")) -}}
{{- end -}}

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
{{- if .Values.probes.type -}}
{{- .Values.probes.type -}}
{{- else if or .Values.web.existingSecret .Values.web.tls.requireClientCertificate (and (or .Values.web.users (hasKey .Values.web.config "basic_auth_users")) (not .Values.probes.authorization)) -}}
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
