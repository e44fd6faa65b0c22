{{/*
What the pods of the DaemonSet and of the webhook share. Files are mounted as directories: the exporter reloads them when
they change, which a mount of a single file (subPath) would hide.
*/}}

{{- define "kube-audit-exporter.args" -}}
- --storage.path=/var/lib/kube-audit-exporter
- --web.listen-address=:{{ .Values.web.port }}
{{- if include "kube-audit-exporter.webSecret" . }}
- --web.config.file=/etc/kube-audit-exporter/web/web.yml
{{- end }}
{{- with .Values.exporter }}
- --source.threshold={{ int .threshold }}
- --source.limit={{ int .sourceLimit }}
- --source.claimed-limit={{ int .claimedLimit }}
- --source.network-limit={{ int .networkLimit }}
- --source.retention={{ .retention }}
{{- range .trustedProxies }}
- {{ printf "--source.trusted-proxy=%s" . | quote }}
{{- end }}
{{- if .filters }}
- --filter.file=/etc/kube-audit-exporter/filter/filter.yml
{{- end }}
{{- end }}
{{- if .Values.geoip.volume }}
- --geoip.database=/etc/kube-audit-exporter/geoip/{{ .Values.geoip.file }}
{{- end }}
- --log.level={{ .Values.exporter.logLevel }}
- --log.format={{ .Values.exporter.logFormat }}
{{- range .Values.exporter.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{- define "kube-audit-exporter.env" -}}
- name: NODE_NAME
  valueFrom:
    fieldRef:
      fieldPath: spec.nodeName
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kube-audit-exporter.probes" -}}
readinessProbe:
  {{- include "kube-audit-exporter.probe" (dict "root" . "path" "/-/ready" "timing" .Values.probes.readiness) | nindent 2 }}
livenessProbe:
  {{- include "kube-audit-exporter.probe" (dict "root" . "path" "/-/healthy" "timing" .Values.probes.liveness) | nindent 2 }}
{{- end -}}

{{- define "kube-audit-exporter.volumeMounts" -}}
- name: state
  mountPath: /var/lib/kube-audit-exporter
{{- if include "kube-audit-exporter.webSecret" . }}
- name: web
  mountPath: /etc/kube-audit-exporter/web
  readOnly: true
{{- end }}
{{- if .Values.web.tls.secretName }}
- name: web-tls
  mountPath: /etc/kube-audit-exporter/web-tls
  readOnly: true
{{- end }}
{{- if .Values.exporter.filters }}
- name: filter
  mountPath: /etc/kube-audit-exporter/filter
  readOnly: true
{{- end }}
{{- if .Values.geoip.volume }}
- name: geoip
  mountPath: /etc/kube-audit-exporter/geoip
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Without the volume of the state. */}}
{{- define "kube-audit-exporter.volumes" -}}
{{- with include "kube-audit-exporter.webSecret" . }}
- name: web
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- with .Values.web.tls.secretName }}
- name: web-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
{{- end }}
{{- if .Values.exporter.filters }}
- name: filter
  configMap:
    name: {{ include "kube-audit-exporter.fullname" . }}-filter
{{- end }}
{{- with .Values.geoip.volume }}
- name: geoip
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "kube-audit-exporter.imagePullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
