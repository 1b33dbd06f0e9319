//! What a message costs in instructions, against the budgets: counts, not times, so that a busy machine
//! says the same as a quiet one.
//!
//! valgrind counts the one function of `crates/counts` that does the work, and writes a file each time it
//! returns. The same compiler gives the same counts within a per mille, whatever the processor; another
//! compiler may not, so it is given more room, and says so.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::check::{cargo, release_of};

const BUDGETS: &str = "crates/counts/budgets.txt";
const REFRESH: &str = "cargo xtask counts --write";
/// How far above its budget a count may be.
const TOLERANCE_PERCENT: u64 = 5;
/// The same when another compiler made the budgets.
const TOLERANCE_OF_ANOTHER_COMPILER_PERCENT: u64 = 15;

/// Counts, and compares with the budgets or writes them anew.
pub fn run(write: bool) -> Result<()> {
    // Together, so that both are made of the same parts and these are made once.
    crate::run::run(&mut cargo(&["build", "-j2", "--release", "-p", "frontdesk", "-p", "counts"]))?;
    let counts = count()?;
    let compiler = compiler()?;
    if write {
        return std::fs::write(BUDGETS, file_of(&counts, &compiler)).context(BUDGETS);
    }
    let budgets = Budgets::read()?;
    let tolerance_percent = if budgets.compiler == compiler {
        TOLERANCE_PERCENT
    } else {
        println!("the budgets were made by {}, and this is {compiler}", budgets.compiler);
        TOLERANCE_OF_ANOTHER_COMPILER_PERCENT
    };
    budgets.judge(&counts, tolerance_percent)
}

/// Instructions of each case, in the order counted.
fn count() -> Result<Vec<(String, u64)>> {
    let program = release_of("counts");
    let folder = program.with_file_name("counted");
    // What is left of the last time would be counted again.
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .args(["--toggle-collect=counts::counted", "--dump-after=counts::counted"])
        .arg(format!("--callgrind-out-file={}", folder.join("out").display()))
        .arg(&program)
        .output()
        .context("could not start valgrind; as root: apt-get install -y valgrind")?;
    if !output.status.success() {
        bail!("counting failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    let said = String::from_utf8(output.stdout).context("the names of what was counted")?;
    let mut lines = said.lines();
    let times = lines.next().and_then(|line| line.strip_suffix(" times")?.parse().ok());
    let times: u64 = times.context("how often the work was done")?;
    lines
        .enumerate()
        .map(|(n, name)| {
            Ok((name.to_owned(), total(&folder.join(format!("out.{}", n + 1)))? / times))
        })
        .collect()
}

/// The `totals:` line of one of valgrind's files.
fn total(file: &Path) -> Result<u64> {
    let shown = || file.display().to_string();
    let text = std::fs::read_to_string(file).with_context(shown)?;
    let total = text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok());
    total.with_context(shown)
}

fn compiler() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output().context("rustc")?;
    let version = String::from_utf8_lossy(&output.stdout);
    Ok(version.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
}

struct Budgets {
    compiler: String,
    of: BTreeMap<String, u64>,
}

impl Budgets {
    fn read() -> Result<Self> {
        let text = std::fs::read_to_string(BUDGETS).context(BUDGETS)?;
        let lines = || text.lines().filter(|line| !line.starts_with('#'));
        let compiler = lines().find(|line| line.starts_with("rustc ")).context("no compiler")?;
        let budget = |line: &str| {
            let (name, count) = line.rsplit_once(": ")?;
            Some((name.to_owned(), count.parse().ok()?))
        };
        Ok(Self { compiler: compiler.to_owned(), of: lines().filter_map(budget).collect() })
    }

    fn judge(&self, counts: &[(String, u64)], tolerance_percent: u64) -> Result<()> {
        let mut over = Vec::new();
        for (name, count) in counts {
            let budget = *self.of.get(name).unwrap_or(&0);
            let change = 100.0 * (*count as f64 / budget.max(1) as f64 - 1.0);
            println!("{name:32} {count:>7} of {budget:>7}  {change:+.1} %");
            if count * 100 > budget * (100 + tolerance_percent) {
                over.push(format!("{name}: {count} instructions, and its budget is {budget}"));
            } else if count * 100 < budget * (100 - tolerance_percent) {
                println!("  less than its budget: keep that by {REFRESH}");
            }
        }
        if over.is_empty() {
            return Ok(());
        }
        bail!("{}\nremedy: find what was added, or if it is worth it: {REFRESH}", over.join("\n"))
    }
}

fn file_of(counts: &[(String, u64)], compiler: &str) -> String {
    let head = format!(
        "# Instructions of one message, in release and without socket and disk.\n\
         # The check fails at {TOLERANCE_PERCENT} % more. Refresh: {REFRESH}\n{compiler}\n"
    );
    let lines = counts.iter().map(|(name, count)| format!("{name}: {count}\n"));
    [head].into_iter().chain(lines).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_per_cent_more_is_too_much_and_less_is_not() {
        let of = BTreeMap::from([("a".to_owned(), 1000)]);
        let budgets = Budgets { compiler: "rustc 1".into(), of };
        let judged = |count| budgets.judge(&[("a".to_owned(), count)], TOLERANCE_PERCENT);
        assert!(judged(1050).is_ok() && judged(500).is_ok());
        assert!(judged(1051).is_err());
        assert!(
            budgets.judge(&[("new".to_owned(), 1)], TOLERANCE_PERCENT).is_err(),
            "nobody set a budget"
        );
    }
}
