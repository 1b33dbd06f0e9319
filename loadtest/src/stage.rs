//! What every scenario stands on: the server, the floor beside it, the crowd, and which core is whose.

use anyhow::Result;
use serde_json::{Value, json};

use crate::arguments::Common;
use crate::cores::{Cores, open_files};
use crate::crowd::Crowd;
use crate::floor::Floor;
use crate::host::{Host, Several};
use crate::{meter, pace, progress};

/// Everything is running.
pub struct Stage {
    pub host: Host,
    pub floor: Option<Floor>,
    pub crowd: Crowd,
    pinned: bool,
    files: u64,
}

impl Stage {
    /// Starts a server with `accounts` agents, and the floor if this scenario is compared with it.
    pub fn set(common: &Common, accounts: usize, with_floor: bool) -> Result<Self> {
        Self::with(common, with_floor, || Host::ready(common, accounts))
    }

    /// The same with several nodes of our own, if that is asked for, and without a floor.
    pub fn set_for(common: &Common, accounts: usize, several: Option<Several>) -> Result<Self> {
        Self::with(common, false, || match several {
            Some(several) => Host::of_several(common, accounts, several),
            None => Host::ready(common, accounts),
        })
    }

    fn with(
        common: &Common,
        with_floor: bool,
        host: impl FnOnce() -> Result<Host>,
    ) -> Result<Self> {
        let files = open_files()?;
        let cores = if common.no_pin { None } else { Cores::apart()? };
        if let Some(cores) = &cores {
            cores.for_servers()?;
        }
        let host = host()?;
        let floor = (with_floor && !common.no_floor).then(Floor::start).transpose()?;
        if let Some(cores) = &cores {
            cores.for_generator()?;
        }
        pace::wake_exactly();
        progress::now(&format!("ready: {}", host.described));
        Ok(Self { host, floor, crowd: Crowd::new()?, pinned: cores.is_some(), files })
    }

    /// The conditions of the run, for the report.
    pub fn conditions(&self, mut own: Value) -> Result<Value> {
        let flush = meter::flush_time(self.host.data.parent().unwrap_or(&self.host.data))?;
        own["codec"] = self.host.codec.subprotocol().into();
        own["pinned"] = self.pinned.into();
        own["fdatasync_us"] = json!(flush.as_micros() as u64);
        own["load_before"] = json!(meter::load());
        own["open_files_max"] = self.files.into();
        Ok(own)
    }
}
