package replication

import (
	"errors"
	"fmt"
	"net/http"
)

// Reason is the part of an error that programs look at.
type Reason string

// The reasons of the control API.
const (
	NotFound        Reason = "NotFound"
	NotSecondary    Reason = "NotSecondary"
	PeerUnreachable Reason = "PeerUnreachable"
	PeerIsPrimary   Reason = "PeerIsPrimary"
	NotSynced       Reason = "NotSynced"
	Diverged        Reason = "Diverged"
	Busy            Reason = "Busy"
	Invalid         Reason = "Invalid"
	Internal        Reason = "Internal"
)

// baseMismatch is spoken between peers only: the delta does not start at the content the receiver has.
const baseMismatch Reason = "BaseMismatch"

// Error is a refusal or failure with its reason.
type Error struct {
	Reason  Reason `json:"reason"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Reason, e.Message) }

func refuse(reason Reason, format string, args ...any) *Error {
	return &Error{reason, fmt.Sprintf(format, args...)}
}

// reasonOf is Internal for an error that has none.
func reasonOf(err error) Reason {
	var e *Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return Internal
}

func httpStatus(reason Reason) int {
	switch reason {
	case NotFound:
		return http.StatusNotFound
	case Invalid:
		return http.StatusBadRequest
	case Internal:
		return http.StatusInternalServerError
	}
	return http.StatusConflict
}
