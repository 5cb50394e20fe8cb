"""Generated from the server's fault catalogue: every slug, its exception, and what may be sent again.

A slug is what `EulerMakerError.code` holds: `except NotFound as error: if error.code == BUILD_NOT_FOUND: …`.
"""
# ruff: noqa: S105  # names of faults, no passwords

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from eulermaker.client.errors import (
    Conflict,
    EulerMakerError,
    Forbidden,
    InvalidRequest,
    NotFound,
    RateLimited,
    ServerError,
    Timeout,
    Unauthenticated,
    Unavailable,
    Unsupported,
)

ACCOUNT_LOCKED: Final = "account-locked"
ACCOUNT_SUSPENDED: Final = "account-suspended"
ALERT_NOT_FOUND: Final = "alert-not-found"
ALERT_STATE_CONFLICT: Final = "alert-state-conflict"
API_KEY_EXPIRED: Final = "api-key-expired"
API_KEY_INVALID: Final = "api-key-invalid"
API_KEY_NAME_TAKEN: Final = "api-key-name-taken"
API_KEY_NOT_FOUND: Final = "api-key-not-found"
ARTIFACT_NOT_FOUND: Final = "artifact-not-found"
ARTIFACTS_TOO_LARGE: Final = "artifacts-too-large"
AUTHORIZATION_MISSING: Final = "authorization-missing"
BASE_IMAGE_UNAVAILABLE: Final = "base-image-unavailable"
BLACKLIST_ENTRY_NOT_FOUND: Final = "blacklist-entry-not-found"
BODY_TOO_LARGE: Final = "body-too-large"
BUILD_INTERRUPTED: Final = "build-interrupted"
BUILD_IS_DRAFT: Final = "build-is-draft"
BUILD_NOT_FOUND: Final = "build-not-found"
BUILD_NOT_PUBLISHABLE: Final = "build-not-publishable"
BUILD_SOURCE_UNAVAILABLE: Final = "build-source-unavailable"
BUILD_STATE_CONFLICT: Final = "build-state-conflict"
BUILD_STEP_FAILED: Final = "build-step-failed"
BUILD_STORAGE_FAILED: Final = "build-storage-failed"
BUILD_TIMED_OUT: Final = "build-timed-out"
BUILDER_BROKE: Final = "builder-broke"
CHANNEL_NOT_FOUND: Final = "channel-not-found"
CONTAINER_ARCHIVE_REFUSED: Final = "container-archive-refused"
CONTAINER_NOT_FOUND: Final = "container-not-found"
CONTAINER_PATH_NOT_FOUND: Final = "container-path-not-found"
CONTAINER_REFUSED: Final = "container-refused"
CONTAINER_STATE_CONFLICT: Final = "container-state-conflict"
CONTAINER_UPLOAD_INTERRUPTED: Final = "container-upload-interrupted"
CONTEXT_TOO_LARGE: Final = "context-too-large"
CREATE_POLICY_REFUSED: Final = "create-policy-refused"
CREDENTIALS_IN_QUERY: Final = "credentials-in-query"
DATABASE_UNAVAILABLE: Final = "database-unavailable"
DELIVERY_NOT_FOUND: Final = "delivery-not-found"
DELIVERY_STATE_CONFLICT: Final = "delivery-state-conflict"
DOCKERFILE_REFUSED: Final = "dockerfile-refused"
EMAIL_NOT_VERIFIED: Final = "email-not-verified"
EMAIL_REFUSED: Final = "email-refused"
EMAIL_TAKEN: Final = "email-taken"
ENGINE_INCOMPATIBLE: Final = "engine-incompatible"
ENGINE_REFUSED: Final = "engine-refused"
ENGINE_UNAVAILABLE: Final = "engine-unavailable"
ERROR_NOT_FOUND: Final = "error-not-found"
FAILED_REQUEST_NOT_FOUND: Final = "failed-request-not-found"
FORBIDDEN: Final = "forbidden"
IMAGE_ANALYSIS_BUSY: Final = "image-analysis-busy"
IMAGE_ARCHIVE_REFUSED: Final = "image-archive-refused"
IMAGE_CHANGES_REFUSED: Final = "image-changes-refused"
IMAGE_IMPORT_INTERRUPTED: Final = "image-import-interrupted"
IMAGE_IMPORT_TOO_LARGE: Final = "image-import-too-large"
IMAGE_IN_USE: Final = "image-in-use"
IMAGE_NAME_RESERVED: Final = "image-name-reserved"
IMAGE_NAME_TAKEN: Final = "image-name-taken"
IMAGE_NEEDED: Final = "image-needed"
IMAGE_NOT_FOUND: Final = "image-not-found"
IMAGE_NOT_IN_REGISTRY: Final = "image-not-in-registry"
IMAGE_PULL_BROKE: Final = "image-pull-broke"
IMAGE_PULL_CANCELLED: Final = "image-pull-cancelled"
IMAGE_PULL_ENDED: Final = "image-pull-ended"
IMAGE_PULL_NOT_FOUND: Final = "image-pull-not-found"
IMAGE_PULL_PENDING: Final = "image-pull-pending"
IMAGE_TOO_MANY_FILES: Final = "image-too-many-files"
INTERNAL: Final = "internal"
INVALID_CODE: Final = "invalid-code"
INVALID_EMAIL: Final = "invalid-email"
INVALID_EXCHANGE_CODE: Final = "invalid-exchange-code"
INVALID_MFA_CODE: Final = "invalid-mfa-code"
INVALID_MFA_TICKET: Final = "invalid-mfa-ticket"
INVALID_MFA_TOKEN: Final = "invalid-mfa-token"
INVALID_REQUEST: Final = "invalid-request"
INVITATION_REQUIRED: Final = "invitation-required"
LAST_ROOT: Final = "last-root"
MAIL_LIMITED: Final = "mail-limited"
MAINTENANCE: Final = "maintenance"
MAINTENANCE_WINDOW_NOT_FOUND: Final = "maintenance-window-not-found"
MALFORMED_BODY: Final = "malformed-body"
METHOD_NOT_ALLOWED: Final = "method-not-allowed"
MFA_BROKEN: Final = "mfa-broken"
MFA_CHALLENGE_LOCKED: Final = "mfa-challenge-locked"
MFA_CODE_REQUIRED: Final = "mfa-code-required"
MFA_NOT_ENABLED: Final = "mfa-not-enabled"
MFA_REQUIRED: Final = "mfa-required"
MFA_TICKET_REQUIRED: Final = "mfa-ticket-required"
MISSING_CREDENTIALS: Final = "missing-credentials"
NAME_IN_USE: Final = "name-in-use"
NETWORK_IN_USE: Final = "network-in-use"
NETWORK_NOT_FOUND: Final = "network-not-found"
NETWORK_OPTION_REFUSED: Final = "network-option-refused"
NETWORK_PREDEFINED: Final = "network-predefined"
NETWORK_REFUSED: Final = "network-refused"
NETWORK_STATE_CONFLICT: Final = "network-state-conflict"
NOTHING_TO_PUBLISH: Final = "nothing-to-publish"
OAUTH_CODE_MISSING: Final = "oauth-code-missing"
OAUTH_EXCHANGE_FAILED: Final = "oauth-exchange-failed"
OAUTH_PROFILE_FAILED: Final = "oauth-profile-failed"
OAUTH_STATE_INVALID: Final = "oauth-state-invalid"
ORIGIN_REFUSED: Final = "origin-refused"
OUT_OF_SCOPE: Final = "out-of-scope"
OVERLOADED: Final = "overloaded"
PACKAGE_DIFFERS: Final = "package-differs"
PACKAGE_NOT_FOUND: Final = "package-not-found"
PACKAGE_OUTDATED: Final = "package-outdated"
PACKAGE_PUBLISHED_ALREADY: Final = "package-published-already"
PASSWORD_RESET_FAILED: Final = "password-reset-failed"
PASSWORD_TOO_SHORT: Final = "password-too-short"
PORT_IN_USE: Final = "port-in-use"
PROBE_CHECK_NOT_MADE: Final = "probe-check-not-made"
PROBE_IS_PUSH: Final = "probe-is-push"
PROBE_NOT_FOUND: Final = "probe-not-found"
PROBE_NOT_PUSH: Final = "probe-not-push"
PROBE_PUSH_NOT_FOUND: Final = "probe-push-not-found"
PROVIDER_NOT_FOUND: Final = "provider-not-found"
RANGE_NOT_SATISFIABLE: Final = "range-not-satisfiable"
RATE_LIMITED: Final = "rate-limited"
READ_ONLY_ACCOUNT: Final = "read-only-account"
RECORDING_NOT_FOUND: Final = "recording-not-found"
REFRESH_TOKEN_INVALID: Final = "refresh-token-invalid"
REFRESH_TOKENS_OFF: Final = "refresh-tokens-off"
REGISTRATION_CLOSED: Final = "registration-closed"
REGISTRY_UNREACHABLE: Final = "registry-unreachable"
REPOSITORY_FILE_NOT_FOUND: Final = "repository-file-not-found"
REPOSITORY_FULL: Final = "repository-full"
REPOSITORY_KEY_UNREADABLE: Final = "repository-key-unreadable"
REPOSITORY_LOCKED: Final = "repository-locked"
REPOSITORY_NAME_TAKEN: Final = "repository-name-taken"
REPOSITORY_NOT_FOUND: Final = "repository-not-found"
REPOSITORY_PUBLISHING_FAILED: Final = "repository-publishing-failed"
REPOSITORY_TOOL_MISSING: Final = "repository-tool-missing"
REPOSITORY_UNSIGNED: Final = "repository-unsigned"
RESET_TOKEN_INVALID: Final = "reset-token-invalid"
ROOT_EMAIL_ENFORCED: Final = "root-email-enforced"
ROOT_ONLY: Final = "root-only"
ROUTE_NOT_FOUND: Final = "route-not-found"
SESSION_ENDED: Final = "session-ended"
SESSION_NEEDED: Final = "session-needed"
SESSION_NOT_FOUND: Final = "session-not-found"
SESSION_USER_LOST: Final = "session-user-lost"
SETTINGS_CONFLICT: Final = "settings-conflict"
SHUTTING_DOWN: Final = "shutting-down"
SIGN_IN_RATE_LIMITED: Final = "sign-in-rate-limited"
STATUS_PAGE_NOT_FOUND: Final = "status-page-not-found"
STATUS_PAGE_SLUG_TAKEN: Final = "status-page-slug-taken"
SUBNET_IN_USE: Final = "subnet-in-use"
TENANT_NAME_TAKEN: Final = "tenant-name-taken"
TERMINAL_ENDED: Final = "terminal-ended"
TERMINAL_FAILED: Final = "terminal-failed"
TERMINAL_NOT_FOUND: Final = "terminal-not-found"
TERMINAL_RESIZE_FAILED: Final = "terminal-resize-failed"
TERMINAL_VIEW_ONLY: Final = "terminal-view-only"
TERMINAL_WITHOUT_INPUT: Final = "terminal-without-input"
TERMINAL_WITHOUT_TTY: Final = "terminal-without-tty"
TICKET_INVALID: Final = "ticket-invalid"
TOKEN_EXPIRED: Final = "token-expired"
TOKEN_INVALID: Final = "token-invalid"
TOKEN_MALFORMED: Final = "token-malformed"
TOKEN_MISSING: Final = "token-missing"
TOO_MANY_API_KEYS: Final = "too-many-api-keys"
TOO_MANY_CHANNELS: Final = "too-many-channels"
TOO_MANY_IMAGE_PULLS: Final = "too-many-image-pulls"
TOO_MANY_MAINTENANCE_WINDOWS: Final = "too-many-maintenance-windows"
TOO_MANY_NETWORKS: Final = "too-many-networks"
TOO_MANY_PROBES: Final = "too-many-probes"
TOO_MANY_REPOSITORIES: Final = "too-many-repositories"
TOO_MANY_SOCKETS: Final = "too-many-sockets"
TOO_MANY_STATUS_PAGES: Final = "too-many-status-pages"
TOO_MANY_TERMINALS: Final = "too-many-terminals"
TOO_MANY_VIEWERS: Final = "too-many-viewers"
UPLOAD_INTERRUPTED: Final = "upload-interrupted"
USER_METRICS_UNAVAILABLE: Final = "user-metrics-unavailable"
USER_NOT_FOUND: Final = "user-not-found"
USER_UNKNOWN: Final = "user-unknown"
USERNAME_TAKEN: Final = "username-taken"
VERIFICATION_FAILED: Final = "verification-failed"
VERIFICATION_REQUIRED: Final = "verification-required"
VOLUME_IN_USE: Final = "volume-in-use"
VOLUME_NOT_FOUND: Final = "volume-not-found"
VOLUME_OPTION_REFUSED: Final = "volume-option-refused"
VOLUME_REFUSED: Final = "volume-refused"
WRONG_CREDENTIALS: Final = "wrong-credentials"

EXCEPTIONS: Mapping[str, type[EulerMakerError]] = MappingProxyType(
    {
        ACCOUNT_LOCKED: Forbidden,
        ACCOUNT_SUSPENDED: Forbidden,
        ALERT_NOT_FOUND: NotFound,
        ALERT_STATE_CONFLICT: Conflict,
        API_KEY_EXPIRED: Unauthenticated,
        API_KEY_INVALID: Unauthenticated,
        API_KEY_NAME_TAKEN: Conflict,
        API_KEY_NOT_FOUND: NotFound,
        ARTIFACT_NOT_FOUND: NotFound,
        ARTIFACTS_TOO_LARGE: ServerError,
        AUTHORIZATION_MISSING: Unauthenticated,
        BASE_IMAGE_UNAVAILABLE: ServerError,
        BLACKLIST_ENTRY_NOT_FOUND: NotFound,
        BODY_TOO_LARGE: InvalidRequest,
        BUILD_INTERRUPTED: ServerError,
        BUILD_IS_DRAFT: Conflict,
        BUILD_NOT_FOUND: NotFound,
        BUILD_NOT_PUBLISHABLE: Conflict,
        BUILD_SOURCE_UNAVAILABLE: ServerError,
        BUILD_STATE_CONFLICT: Conflict,
        BUILD_STEP_FAILED: ServerError,
        BUILD_STORAGE_FAILED: ServerError,
        BUILD_TIMED_OUT: Timeout,
        BUILDER_BROKE: ServerError,
        CHANNEL_NOT_FOUND: NotFound,
        CONTAINER_ARCHIVE_REFUSED: InvalidRequest,
        CONTAINER_NOT_FOUND: NotFound,
        CONTAINER_PATH_NOT_FOUND: NotFound,
        CONTAINER_REFUSED: InvalidRequest,
        CONTAINER_STATE_CONFLICT: Conflict,
        CONTAINER_UPLOAD_INTERRUPTED: InvalidRequest,
        CONTEXT_TOO_LARGE: InvalidRequest,
        CREATE_POLICY_REFUSED: Forbidden,
        CREDENTIALS_IN_QUERY: InvalidRequest,
        DATABASE_UNAVAILABLE: Unavailable,
        DELIVERY_NOT_FOUND: NotFound,
        DELIVERY_STATE_CONFLICT: Conflict,
        DOCKERFILE_REFUSED: ServerError,
        EMAIL_NOT_VERIFIED: Unauthenticated,
        EMAIL_REFUSED: Forbidden,
        EMAIL_TAKEN: Conflict,
        ENGINE_INCOMPATIBLE: Unavailable,
        ENGINE_REFUSED: ServerError,
        ENGINE_UNAVAILABLE: Unavailable,
        ERROR_NOT_FOUND: NotFound,
        FAILED_REQUEST_NOT_FOUND: NotFound,
        FORBIDDEN: Forbidden,
        IMAGE_ANALYSIS_BUSY: Unavailable,
        IMAGE_ARCHIVE_REFUSED: InvalidRequest,
        IMAGE_CHANGES_REFUSED: InvalidRequest,
        IMAGE_IMPORT_INTERRUPTED: InvalidRequest,
        IMAGE_IMPORT_TOO_LARGE: InvalidRequest,
        IMAGE_IN_USE: Conflict,
        IMAGE_NAME_RESERVED: Forbidden,
        IMAGE_NAME_TAKEN: Conflict,
        IMAGE_NEEDED: Conflict,
        IMAGE_NOT_FOUND: NotFound,
        IMAGE_NOT_IN_REGISTRY: NotFound,
        IMAGE_PULL_BROKE: Unavailable,
        IMAGE_PULL_CANCELLED: Conflict,
        IMAGE_PULL_ENDED: Conflict,
        IMAGE_PULL_NOT_FOUND: NotFound,
        IMAGE_PULL_PENDING: Unavailable,
        IMAGE_TOO_MANY_FILES: InvalidRequest,
        INTERNAL: ServerError,
        INVALID_CODE: InvalidRequest,
        INVALID_EMAIL: InvalidRequest,
        INVALID_EXCHANGE_CODE: Unauthenticated,
        INVALID_MFA_CODE: Unauthenticated,
        INVALID_MFA_TICKET: Unauthenticated,
        INVALID_MFA_TOKEN: Unauthenticated,
        INVALID_REQUEST: InvalidRequest,
        INVITATION_REQUIRED: Forbidden,
        LAST_ROOT: Conflict,
        MAIL_LIMITED: RateLimited,
        MAINTENANCE: Unavailable,
        MAINTENANCE_WINDOW_NOT_FOUND: NotFound,
        MALFORMED_BODY: InvalidRequest,
        METHOD_NOT_ALLOWED: Unsupported,
        MFA_BROKEN: ServerError,
        MFA_CHALLENGE_LOCKED: RateLimited,
        MFA_CODE_REQUIRED: InvalidRequest,
        MFA_NOT_ENABLED: InvalidRequest,
        MFA_REQUIRED: Unauthenticated,
        MFA_TICKET_REQUIRED: InvalidRequest,
        MISSING_CREDENTIALS: InvalidRequest,
        NAME_IN_USE: Conflict,
        NETWORK_IN_USE: Conflict,
        NETWORK_NOT_FOUND: NotFound,
        NETWORK_OPTION_REFUSED: Forbidden,
        NETWORK_PREDEFINED: Conflict,
        NETWORK_REFUSED: InvalidRequest,
        NETWORK_STATE_CONFLICT: Conflict,
        NOTHING_TO_PUBLISH: Conflict,
        OAUTH_CODE_MISSING: InvalidRequest,
        OAUTH_EXCHANGE_FAILED: Unavailable,
        OAUTH_PROFILE_FAILED: Unavailable,
        OAUTH_STATE_INVALID: InvalidRequest,
        ORIGIN_REFUSED: Forbidden,
        OUT_OF_SCOPE: Forbidden,
        OVERLOADED: Unavailable,
        PACKAGE_DIFFERS: Conflict,
        PACKAGE_NOT_FOUND: NotFound,
        PACKAGE_OUTDATED: Conflict,
        PACKAGE_PUBLISHED_ALREADY: Conflict,
        PASSWORD_RESET_FAILED: Unavailable,
        PASSWORD_TOO_SHORT: InvalidRequest,
        PORT_IN_USE: Conflict,
        PROBE_CHECK_NOT_MADE: Unavailable,
        PROBE_IS_PUSH: Conflict,
        PROBE_NOT_FOUND: NotFound,
        PROBE_NOT_PUSH: Conflict,
        PROBE_PUSH_NOT_FOUND: NotFound,
        PROVIDER_NOT_FOUND: NotFound,
        RANGE_NOT_SATISFIABLE: InvalidRequest,
        RATE_LIMITED: RateLimited,
        READ_ONLY_ACCOUNT: Forbidden,
        RECORDING_NOT_FOUND: NotFound,
        REFRESH_TOKEN_INVALID: Unauthenticated,
        REFRESH_TOKENS_OFF: Unavailable,
        REGISTRATION_CLOSED: Forbidden,
        REGISTRY_UNREACHABLE: NotFound,
        REPOSITORY_FILE_NOT_FOUND: NotFound,
        REPOSITORY_FULL: Conflict,
        REPOSITORY_KEY_UNREADABLE: ServerError,
        REPOSITORY_LOCKED: Unauthenticated,
        REPOSITORY_NAME_TAKEN: Conflict,
        REPOSITORY_NOT_FOUND: NotFound,
        REPOSITORY_PUBLISHING_FAILED: ServerError,
        REPOSITORY_TOOL_MISSING: Unavailable,
        REPOSITORY_UNSIGNED: Conflict,
        RESET_TOKEN_INVALID: InvalidRequest,
        ROOT_EMAIL_ENFORCED: Forbidden,
        ROOT_ONLY: Forbidden,
        ROUTE_NOT_FOUND: NotFound,
        SESSION_ENDED: Unauthenticated,
        SESSION_NEEDED: Forbidden,
        SESSION_NOT_FOUND: NotFound,
        SESSION_USER_LOST: ServerError,
        SETTINGS_CONFLICT: Conflict,
        SHUTTING_DOWN: Unavailable,
        SIGN_IN_RATE_LIMITED: RateLimited,
        STATUS_PAGE_NOT_FOUND: NotFound,
        STATUS_PAGE_SLUG_TAKEN: Conflict,
        SUBNET_IN_USE: Conflict,
        TENANT_NAME_TAKEN: Conflict,
        TERMINAL_ENDED: Conflict,
        TERMINAL_FAILED: ServerError,
        TERMINAL_NOT_FOUND: NotFound,
        TERMINAL_RESIZE_FAILED: ServerError,
        TERMINAL_VIEW_ONLY: Forbidden,
        TERMINAL_WITHOUT_INPUT: Conflict,
        TERMINAL_WITHOUT_TTY: Conflict,
        TICKET_INVALID: Unauthenticated,
        TOKEN_EXPIRED: Unauthenticated,
        TOKEN_INVALID: Unauthenticated,
        TOKEN_MALFORMED: Unauthenticated,
        TOKEN_MISSING: Unauthenticated,
        TOO_MANY_API_KEYS: Conflict,
        TOO_MANY_CHANNELS: Conflict,
        TOO_MANY_IMAGE_PULLS: RateLimited,
        TOO_MANY_MAINTENANCE_WINDOWS: Conflict,
        TOO_MANY_NETWORKS: Conflict,
        TOO_MANY_PROBES: Conflict,
        TOO_MANY_REPOSITORIES: Conflict,
        TOO_MANY_SOCKETS: RateLimited,
        TOO_MANY_STATUS_PAGES: Conflict,
        TOO_MANY_TERMINALS: Conflict,
        TOO_MANY_VIEWERS: Conflict,
        UPLOAD_INTERRUPTED: InvalidRequest,
        USER_METRICS_UNAVAILABLE: Unavailable,
        USER_NOT_FOUND: NotFound,
        USER_UNKNOWN: NotFound,
        USERNAME_TAKEN: Conflict,
        VERIFICATION_FAILED: Unavailable,
        VERIFICATION_REQUIRED: InvalidRequest,
        VOLUME_IN_USE: Conflict,
        VOLUME_NOT_FOUND: NotFound,
        VOLUME_OPTION_REFUSED: Forbidden,
        VOLUME_REFUSED: InvalidRequest,
        WRONG_CREDENTIALS: Unauthenticated,
    }
)
"""The exception of each slug."""

RETRY_AFTER: Mapping[str, int | None] = MappingProxyType(
    {
        DATABASE_UNAVAILABLE: 2,
        ENGINE_UNAVAILABLE: 2,
        IMAGE_ANALYSIS_BUSY: 30,
        IMAGE_PULL_BROKE: 10,
        IMAGE_PULL_PENDING: 10,
        MAIL_LIMITED: None,
        MAINTENANCE: 60,
        OVERLOADED: 5,
        PASSWORD_RESET_FAILED: 30,
        PROBE_CHECK_NOT_MADE: 2,
        RATE_LIMITED: None,
        REGISTRY_UNREACHABLE: 10,
        SHUTTING_DOWN: 5,
        SIGN_IN_RATE_LIMITED: None,
        TOO_MANY_IMAGE_PULLS: 10,
        TOO_MANY_SOCKETS: 10,
        VERIFICATION_FAILED: 30,
    }
)
"""What may be sent again, and after how many seconds; None where only the answer tells."""
