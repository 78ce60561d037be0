# The user that the service runs as, and what belongs to it; nothing is enabled or started.
systemd-sysusers nufi.conf || :
systemd-tmpfiles --create nufi.conf || :
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload >/dev/null 2>&1 || :
  # An upgrade: what runs becomes what was installed now.
  if [ "$1" -gt 1 ]; then systemctl try-restart nufid.service >/dev/null 2>&1 || :; fi
fi
