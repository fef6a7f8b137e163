//! Errors of the engine as hosts hear them: the one place where each gets its code and its cure.

use std::io::ErrorKind;

use gatewright_engine::{
    agent::SecretError,
    deploy::EnactError,
    evidence::EvidenceError,
    port::release::JournalError,
    store::StoreError,
    supervisor::{
        AskingError, EngineError, OpenError, ReleaseError, RunError,
        restoring::RestoreError,
        seal::SealError,
        trust::NotTrusted,
        user::{HOME_VARIABLE, UserError},
    },
};

use crate::{
    error::{ApiError, Code},
    local::{time, wall_time},
};

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::ReadOnly { .. } => Code::ReadOnly,
            StoreError::File { cause, .. } => of_place(cause.kind()),
            StoreError::Unknown { .. } => Code::NotFound,
            StoreError::Damaged { .. } | StoreError::DamagedContent { .. } => Code::Unverified,
            _ => Code::Internal,
        };
        let plain = Self::new(code, error.to_string());
        match code {
            Code::ReadOnly => plain.hint(
                "Looking works all the same: `status`, `versions`, `verdict`, `verify`. To record something, make it \
                 writable.",
            ),
            Code::Unverified => plain.hint("Look at it with `gatewright doctor`; nothing was deleted."),
            _ => plain,
        }
    }
}

impl From<OpenError> for ApiError {
    fn from(error: OpenError) -> Self {
        let said = error.to_string();
        match error {
            OpenError::Store(error) => error.into(),
            OpenError::Damaged { backup: Some(backup), .. } => {
                Self::new(Code::Damaged, said).hint(format!(
                    "`gatewright doctor --restore` sets it aside, whole, and goes on from the backup of {}.",
                    wall_time(&time(backup.at))
                ))
            }
            OpenError::Damaged { backup: None, .. } => Self::new(Code::Damaged, said).hint(
                "There is no backup of it. `gatewright doctor --restore=nothing` sets it aside, whole, and begins anew.",
            ),
        }
    }
}

impl From<RestoreError> for ApiError {
    fn from(error: RestoreError) -> Self {
        let code = match &error {
            RestoreError::Sound | RestoreError::NoBackup => Code::Refused,
            RestoreError::InUse { .. } => Code::Busy,
            RestoreError::NotABackup(_) | RestoreError::HasWal(_) => Code::BadArguments,
            RestoreError::Store(_) | RestoreError::Evidence(_) => Code::Internal,
        };
        let plain = Self::new(code, error.to_string());
        match error {
            RestoreError::Store(error) => error.into(),
            RestoreError::Evidence(error) => error.into(),
            RestoreError::Sound => {
                plain.hint("`gatewright verify` says what does not hold, if anything does not.")
            }
            RestoreError::InUse { .. } => plain.hint("Close it there first."),
            RestoreError::NoBackup => plain
                .hint("`gatewright doctor --restore=nothing` sets it aside, whole, and begins a new one."),
            RestoreError::NotABackup(_) | RestoreError::HasWal(_) => {
                plain.hint("`gatewright doctor --restore` takes the newest backup.")
            }
        }
    }
}

/// A place that cannot be written as things stand is no failure of the disk: whoever owns it can do something.
pub(crate) fn of_place(kind: ErrorKind) -> Code {
    match kind {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::NotFound
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::AlreadyExists
        | ErrorKind::InvalidFilename => Code::ReadOnly,
        _ => Code::Internal,
    }
}

/// Of a file of the user's own folder.
fn of_user(kind: ErrorKind, said: String) -> ApiError {
    let plain = ApiError::new(of_place(kind), said);
    match plain.code {
        Code::ReadOnly => plain.hint(format!(
            "Key, trust and backups lie in a folder of your own: make it writable, or name another one in {HOME_VARIABLE}."
        )),
        _ => plain,
    }
}

impl From<UserError> for ApiError {
    fn from(error: UserError) -> Self {
        match &error {
            UserError::NoHome => Self::new(Code::Refused, error.to_string()),
            UserError::Io { source, .. } => of_user(source.kind(), error.to_string()),
            UserError::Damaged { .. } => Self::new(Code::Internal, error.to_string()),
        }
    }
}

impl From<EvidenceError> for ApiError {
    fn from(error: EvidenceError) -> Self {
        match &error {
            EvidenceError::File { cause, .. } => of_user(cause.kind(), error.to_string()),
            _ => Self::new(Code::Internal, error.to_string()),
        }
    }
}

impl From<SealError> for ApiError {
    fn from(error: SealError) -> Self {
        Self::new(Code::BadSpec, error.to_string())
    }
}

impl From<NotTrusted> for ApiError {
    fn from(error: NotTrusted) -> Self {
        Self::new(Code::NotTrusted, error.to_string())
            .hint("Look at the list with `gatewright trust`; in a script say `--trust` for one call.")
    }
}

impl From<EngineError> for ApiError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::User(error) => error.into(),
            EngineError::Evidence(error) => error.into(),
            EngineError::Seal(error) => error.into(),
            EngineError::NotTrusted(error) => error.into(),
            EngineError::NoSuchVersion(_) | EngineError::Ambiguous { .. } => {
                Self::new(Code::NotFound, error.to_string())
            }
            EngineError::File(ref source) => Self::new(of_place(source.kind()), error.to_string()),
        }
    }
}

impl From<AskingError> for ApiError {
    fn from(error: AskingError) -> Self {
        match error {
            AskingError::NotTrusted(error) => error.into(),
            AskingError::Secret(error) => error.into(),
            AskingError::Hosted | AskingError::Config(_) => Self::new(Code::BadSpec, error.to_string()),
            AskingError::Demo { .. } => Self::new(Code::Unreachable, error.to_string()),
            AskingError::Sealed(_) => Self::new(Code::Unverified, error.to_string()),
            AskingError::Scratch(_) => Self::new(Code::Internal, error.to_string()),
        }
    }
}

impl From<SecretError> for ApiError {
    fn from(error: SecretError) -> Self {
        Self::new(Code::BadSpec, error.to_string())
    }
}

impl From<RunError> for ApiError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::NotTrusted(error) => error.into(),
            RunError::Asking(error) => error.into(),
            RunError::Engine(error) => error.into(),
            RunError::Busy(_) => Self::new(Code::Busy, error.to_string())
                .hint("Wait for it, or stop it; without `--no-wait` this one waits by itself."),
            RunError::ServesAnother { .. } => Self::new(Code::Refused, error.to_string()),
            RunError::NoSuchSpec(_) | RunError::NoEndpoint(_) => Self::new(Code::NotFound, error.to_string()),
            RunError::BadSpec(_) | RunError::NoSpec | RunError::Gating { .. } => {
                Self::new(Code::BadSpec, error.to_string())
            }
            RunError::Journal(_) => Self::new(Code::Internal, error.to_string()),
        }
    }
}

impl From<ReleaseError> for ApiError {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::NotTrusted(error) => error.into(),
            ReleaseError::Asking(error) => error.into(),
            ReleaseError::Engine(error) => error.into(),
            ReleaseError::Journal(error) => error.into(),
            ReleaseError::Enact(EnactError::Journal(error)) => error.into(),
            ReleaseError::Enact(EnactError::OutOfReach(_)) => {
                Self::new(Code::ReleaseFailed, error.to_string())
            }
            ReleaseError::Enact(_) => Self::new(Code::Internal, error.to_string()),
            ReleaseError::NoSuchEnvironment(_) => {
                Self::new(Code::NotFound, error.to_string()).hint("`gatewright status` lists them.")
            }
            ReleaseError::BadWorkspace => Self::new(Code::BadSpec, error.to_string()),
            ReleaseError::Refused(_) => Self::new(Code::Refused, error.to_string()).hint(
                "`gatewright verdict` shows what the gates say, `gatewright status` what else is in the way.",
            ),
            ReleaseError::RolledBackFrom { ref environment, version } => {
                let again = format!("gatewright rollback {environment} --to {}", version.0.short());
                Self::new(Code::Refused, error.to_string()).hint(format!("`{again}` goes there again."))
            }
            ReleaseError::NothingBefore(_) => Self::new(Code::Refused, error.to_string())
                .hint("A way back opens with the second version that goes live."),
            ReleaseError::NeverLive { .. } => Self::new(Code::Refused, error.to_string())
                .hint("`gatewright promote` lets it go live for the first time."),
        }
    }
}

impl From<JournalError> for ApiError {
    fn from(error: JournalError) -> Self {
        let code = match &error {
            JournalError::Busy { .. } | JournalError::Held { .. } | JournalError::Fenced { .. } => Code::Busy,
            JournalError::Failed(_) => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}
