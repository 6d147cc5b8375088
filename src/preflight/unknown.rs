//! Why something of a plan is not known before it runs.

use crate::diag::Code;
use crate::events::Failure;
use crate::inputs::data_codes;
use crate::inputs::embedded::NotInFile;
use crate::inputs::tables::TableError;
use crate::plan::PlanError;
use crate::plan::schedule::ScheduleError;

/// Why the facts of a node are not known.
#[derive(Debug)]
pub(super) enum Unknown {
    Table(TableError),
    Schedule(ScheduleError),
    Failure(Failure),
}

impl From<TableError> for Unknown {
    fn from(error: TableError) -> Self {
        Unknown::Table(error)
    }
}

impl From<NotInFile> for Unknown {
    fn from(error: NotInFile) -> Self {
        match error {
            NotInFile::Table(error) => Unknown::Table(error),
            NotInFile::Failure(failure) => Unknown::Failure(failure),
        }
    }
}

impl From<ScheduleError> for Unknown {
    fn from(error: ScheduleError) -> Self {
        Unknown::Schedule(error)
    }
}

impl Unknown {
    /// Who must be asked before it is known, where that is why.
    pub(super) fn until(&self) -> Option<&str> {
        if let Unknown::Table(TableError::Unsaid { by, .. }) = self { Some(by) } else { None }
    }

    /// What is wrong; nothing is where only a parameter has no value yet, or an observer was not asked.
    pub(super) fn failure(&self) -> Option<Failure> {
        match self {
            Unknown::Table(TableError::Data { source, .. }) => Some(data_codes::failure(None, source)),
            Unknown::Table(TableError::Path { .. } | TableError::Unsaid { .. } | TableError::Plan(PlanError::Open { .. })) => None,
            Unknown::Table(TableError::Plan(error)) => Some(Failure::new(Code::BadJob, error.to_string())),
            Unknown::Schedule(error) => Some(error.failure()),
            Unknown::Failure(failure) => Some(failure.clone()),
        }
    }
}
