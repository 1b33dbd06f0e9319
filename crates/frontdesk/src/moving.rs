//! `export` and `import`: one whole site, out of one store and into another.
//!
//! An embedded database is moved while nobody serves it: the newest messages are written everywhere only some
//! seconds later, and a site on its way in would hold up everybody. A shared one is read as one moment has
//! it, and written in one transaction, whoever works beside it.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use store::{Counts, Tokens, Transfer, TransferError};
use tokio::runtime::Builder;

use crate::admin;
use crate::arguments::{Export, Import};
use crate::check;
use crate::config::Judge;
use crate::home::{Home, Opened};

pub fn export(export: Export) -> Result<()> {
    let Export { site, to, store } = export;
    let mut judge = Judge::default();
    let home = Home::from_arguments(&store, &mut judge);
    let site = judge.take("--site", &site, check::site(&site));
    let (home, site) = judge.verdict(home.zip(site))?;
    if !home.may_be_there() {
        bail!("--data {home}: there is no database in this folder");
    }
    let file = make_file(&to)?;
    let written = with_transfer(&home, async |store| write(store, site, &file).await);
    let counts = written.map_err(|error| {
        // A part of a site is of no use, and as secret as all of it.
        let _ = std::fs::remove_file(&to);
        error.context(format!("--site {site}: not exported"))
    })?;
    eprintln!(
        "Exported {counts}.\n\
         {} holds what people wrote, password hashes and the secret that signs tokens: keep it as safe as \
         the database, and remove it after the import.",
        to.display()
    );
    Ok(())
}

pub fn import(import: Import) -> Result<()> {
    let Import { from, new_tokens, store } = import;
    let mut judge = Judge::default();
    let home = Home::from_arguments(&store, &mut judge);
    let home = judge.verdict(home)?;
    let place = || format!("--from {}", from.display());
    let file = File::open(&from).with_context(place)?;
    let tokens = if new_tokens { Tokens::Forget } else { Tokens::Keep };
    let read = with_transfer(&home, async |store| {
        let file = BufReader::new(file);
        store::import(store, file, tokens).await.map_err(with_remedy)
    });
    let (site, counts) = read.with_context(place)?;
    eprintln!(
        "Imported {counts}.\nThe file is as secret as the database: remove it when all is well."
    );
    if new_tokens {
        eprintln!("Agents sign in anew; visitors who come back are new ones.");
    }
    admin::print(&site.to_string())
}

/// A new file for its owner's eyes only.
fn make_file(path: &Path) -> Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => anyhow!(
            "--to {}: there is such a file already; remove it, or choose another name",
            path.display()
        ),
        _ => anyhow!("--to {}: cannot make the file: {error}", path.display()),
    })
}

async fn write(store: &dyn Transfer, site: protocol::SiteId, file: &File) -> Result<Counts> {
    let mut to = BufWriter::new(file);
    let counts = store::export(store, site, &mut to).await?;
    to.flush()?;
    file.sync_all()?;
    Ok(counts)
}

/// What went wrong, and what is true now.
fn with_remedy(error: TransferError) -> anyhow::Error {
    match error {
        TransferError::OtherSecret => anyhow!(
            "{error}; or add --new-tokens: then agents sign in anew, and visitors come back as new ones, \
             without their conversations; nothing was changed"
        ),
        TransferError::Unknown(_) => error.into(),
        error => anyhow!("{error}; nothing was changed"),
    }
}

/// Opens the store as moving needs it, does the work, and closes it again.
fn with_transfer<T>(home: &Home, work: impl AsyncFnOnce(&dyn Transfer) -> Result<T>) -> Result<T> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let claimed = home.claim().context("a site is moved while no server runs")?;
        let Opened { transfer, closer, .. } = home.open_to_move(&claimed).await?;
        let outcome = work(&*transfer).await;
        closer.close().await;
        outcome
    })
}
