//! Why a site was not moved, and what to do about it.

use crate::StoreError;

/// Why a site was not moved. Nothing has changed in the store, but for [`TransferError::Unknown`].
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error(
        "line 1 is not how an export of Frontdesk begins: name a file that `frontdesk export` wrote"
    )]
    Foreign,
    #[error(
        "line 1: the file has format version {found}, this program knows versions up to {known}: use the \
         program that wrote it, or a newer one"
    )]
    Newer { found: u64, known: u64 },
    #[error(
        "the file is cut off after line {lines}: it has no end mark; copy it again, or export again"
    )]
    CutOff { lines: u64 },
    #[error(
        "line {line}, the end mark, does not fit what stands before it ({why}): the file was damaged or \
         edited; copy it again, or export again"
    )]
    Damaged { line: u64, why: &'static str },
    #[error(
        "line {line} comes after the end mark: the file was damaged; copy it again, or export again"
    )]
    AfterTheEnd { line: u64 },
    #[error("line {line} cannot be used: {why}; export again with the same version of the program")]
    Line { line: u64, why: String },
    /// Something is missing in the store, or what it gave is not what it counted.
    #[error("the store is damaged: {0}")]
    Incomplete(String),
    #[error("there is no site {0}")]
    NoSuchSite(protocol::SiteId),
    #[error(
        "there are other sites already, and tokens are signed with another secret here than in the file: \
         import into a database without sites, where the tokens of visitors and agents stay good"
    )]
    OtherSecret,
    #[error("the file: {0}")]
    File(#[from] std::io::Error),
    /// The site may be there, all of it, or not at all.
    #[error(
        "the answer to the last step was lost ({0}): import again, and if the site is there already, all of \
         it is"
    )]
    Unknown(String),
    #[error(transparent)]
    Store(#[from] StoreError),
}
