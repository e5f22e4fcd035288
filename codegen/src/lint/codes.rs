//! Error codes with the same meaning in every API of this kind must have the same status.

use super::Lint;

const COMMON: &[(&str, u16)] = &[
    ("CONFLICT_REQUIRES_REVIEW", 409),
    ("CURSOR_INVALID", 400),
    ("FIELD_INVALID", 422),
    ("FIELD_SERVER_OWNED", 422),
    ("FORBIDDEN", 403),
    ("GONE", 410),
    ("IDEMPOTENCY_IN_PROGRESS", 409),
    ("IDEMPOTENCY_KEY_REUSED", 422),
    ("ID_TAKEN", 409),
    ("ILLEGAL_TRANSITION", 409),
    ("INTERNAL", 500),
    ("MALFORMED_JSON", 400),
    ("METHOD_NOT_ALLOWED", 405),
    ("NOT_FOUND", 404),
    ("PAYLOAD_TOO_LARGE", 413),
    ("RATE_LIMITED", 429),
    ("TENANT_BUSY", 503),
    ("TOKEN_EXPIRED", 401),
    ("UNAUTHENTICATED", 401),
    ("UNIQUE_VIOLATION", 409),
    ("UNSUPPORTED_MEDIA_TYPE", 415),
    ("VALIDATION_FAILED", 400),
    ("VERSION_MISMATCH", 412),
    ("VERSION_UNSUPPORTED", 406),
];

pub(super) fn check(lint: &mut Lint<'_>) {
    for code in lint.document.codes.values() {
        let common = COMMON.iter().find(|(name, _)| *name == code.code);
        if let Some((name, status)) = common.filter(|(_, status)| *status != code.status) {
            let message = format!(
                "{name} comes with {status} everywhere, and here with {}",
                code.status
            );
            lint.report(
                "error-code-common",
                &code.at,
                message,
                format!("write `status: {status}`, or choose another code"),
            );
        }
    }
}
