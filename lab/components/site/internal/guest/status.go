package guest

// The functions here change a VMI's status as virt-handler does (KubeVirt 1.7, pkg/virt-handler/vm.go).

func setPhase(status map[string]any, phase string) {
	if status["phase"] == phase {
		return
	}
	status["phase"] = phase
	transitions, _ := status["phaseTransitionTimestamps"].([]any)
	status["phaseTransitionTimestamps"] = append(transitions,
		map[string]any{"phase": phase, "phaseTransitionTimestamp": now()})
}

func setCondition(status map[string]any, kind, value, reason, message string) {
	condition := map[string]any{"type": kind, "status": value, "lastProbeTime": nil, "lastTransitionTime": now()}
	if reason != "" {
		condition["reason"] = reason
	}
	if message != "" {
		condition["message"] = message
	}
	conditions, _ := status["conditions"].([]any)
	for i, known := range conditions {
		c, ok := known.(map[string]any)
		if !ok || c["type"] != kind {
			continue
		}
		if c["status"] == value {
			condition["lastTransitionTime"] = c["lastTransitionTime"]
		}
		conditions[i] = condition
		return
	}
	status["conditions"] = append(conditions, condition)
}

func removeCondition(status map[string]any, kind string) {
	conditions, _ := status["conditions"].([]any)
	kept := make([]any, 0, len(conditions))
	for _, known := range conditions {
		if c, ok := known.(map[string]any); !ok || c["type"] != kind {
			kept = append(kept, known)
		}
	}
	status["conditions"] = kept
}

func markRunning(status map[string]any, shared bool) {
	setPhase(status, "Running")
	removeCondition(status, "Synchronized")
	removeCondition(status, "Paused")
	setCondition(status, "Ready", "True", "", "")
	setCondition(status, "AgentConnected", "True", "", "")
	if shared {
		setCondition(status, "LiveMigratable", "True", "", "")
	} else {
		setCondition(status, "LiveMigratable", "False", "DisksNotLiveMigratable",
			"cannot migrate VMI: a PVC is not shared, live migration requires that all PVCs are ReadWriteMany")
	}
	status["guestOSInfo"] = map[string]any{"id": "lab", "name": "Lab Guest", "prettyName": "Lab Guest"}
}

// markNotStarted keeps the phase: nothing runs, and the start is tried again.
func markNotStarted(status map[string]any, problem string) {
	setCondition(status, "Synchronized", "False", "Synchronizing with the Domain failed.", problem)
}

func markPaused(status map[string]any, problem string) {
	setCondition(status, "Paused", "True", "PausedIOError", "VMI was paused, low-level IO error detected: "+problem)
	setCondition(status, "Ready", "False", "PausedIOError", problem)
}
