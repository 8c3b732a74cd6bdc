#!/bin/sh
# Removes the executor. `cleanup.sh --old DAYS` only removes revisions that no traffic goes to and that are older.
set -eu
namespace=${NAMESPACE:-aiops-code}
if [ "${1:-}" = "--old" ]; then
  limit=$(date -u -d "-${2:?how many days} days" +%Y-%m-%dT%H:%M:%SZ)
  routed=$(kubectl -n "$namespace" get route -l part=executor -o jsonpath='{.items[*].status.traffic[*].revisionName}')
  kubectl -n "$namespace" get revision -l part=executor \
    -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.creationTimestamp}{"\n"}{end}' |
  while read -r name made; do
    case " $routed " in *" $name "*) continue ;; esac
    if [ "$(printf '%s\n%s\n' "$made" "$limit" | sort | head -n 1)" = "$made" ]; then
      kubectl -n "$namespace" delete revision "$name"
    fi
  done
  exit 0
fi
kubectl -n "$namespace" delete ksvc,networkpolicy,resourcequota -l app=console,part=executor --ignore-not-found
kubectl delete namespace "$namespace" --ignore-not-found
