//! People who say nothing, and hear that nothing happens.

use anyhow::{Result, bail};

use crate::crowd::{Crowd, Ear, Heard, LineId};
use crate::people::{Pairs, Side};
use crate::wire;

/// Everybody who is quiet.
pub struct Quiet {
    /// As they came.
    pub groups: Vec<Pairs>,
    pub codec: protocol::Codec,
}

impl Ear for Quiet {
    fn hear(&mut self, _: &mut Crowd, line: LineId, heard: Heard<'_>) -> Result<()> {
        let whose = |group: &Pairs| group.of(line).map(|(pair, _)| pair);
        let found = self.groups.iter_mut().find_map(|group| Some((whose(group)?, group)));
        let Some((pair, group)) = found else { return Ok(()) };
        match heard {
            Heard::Open => Ok(()),
            Heard::Ended(why) => bail!("the connection of visitor {pair} ended: {why}"),
            Heard::Frame(bytes) => {
                let frame = wire::read(self.codec, bytes)?;
                if frame.ev.is_some() { group.take(pair, Side::Visitor, &frame) } else { Ok(()) }
            }
        }
    }
}
