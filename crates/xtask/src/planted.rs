//! Proves that the tests find what they are there to find: each planted defect is switched on, and some
//! test must fail; with none switched on, all must pass.

mod programs;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use planted::{Defect, VARIABLE};

use self::programs::{Failure, Program, Verdict};

#[derive(Args)]
pub struct Options {
    /// Only the defects whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// Only the tests of programs whose name contains this, as `simulation`
    #[arg(long)]
    tests: Option<String>,
}

/// What became of one defect.
struct Found {
    defect: Defect,
    /// The program and what failed in it.
    by: Option<(String, Failure)>,
    took: Duration,
}

/// Builds the tests with every defect planted and none switched on, and then switches on one after the
/// other.
pub fn run(options: &Options) -> Result<()> {
    let began = Instant::now();
    let mut programs = programs::build()?;
    programs.retain(|program| is_named(&program.name, options.tests.as_deref()));
    println!("{} test programs with {} defects planted", programs.len(), Defect::ALL.len());
    let programs = without_any(programs)?;
    let wanted = |defect: &&Defect| is_named(defect.name(), options.only.as_deref());
    let mut survived = Vec::new();
    let mut count = 0;
    for defect in Defect::ALL.iter().filter(wanted) {
        let found = find(*defect, &programs)?;
        count += 1;
        tell(&found);
        if found.by.is_none() {
            survived.push(found.defect.name());
        }
    }
    println!(
        "{} of {count} found in {:.0} s",
        count - survived.len(),
        began.elapsed().as_secs_f64()
    );
    if count == 0 || programs.is_empty() {
        bail!("no such defect, or no such tests");
    }
    if survived.is_empty() { Ok(()) } else { bail!("nobody noticed: {}", survived.join(", ")) }
}

fn is_named(name: &str, part: Option<&str>) -> bool {
    part.is_none_or(|part| name.contains(part))
}

/// The same programs must pass when nothing is wrong: else a failure would show nothing. Gives them back,
/// the fastest first.
fn without_any(programs: Vec<Program>) -> Result<Vec<Program>> {
    let mut timed = Vec::new();
    for mut program in programs {
        let began = Instant::now();
        if let Verdict::Failed(failure) = program.run(&[(VARIABLE, "")])? {
            bail!("without any defect {} fails: {failure}", program.name);
        }
        let took = began.elapsed();
        program.took(took);
        timed.push((took, program));
    }
    println!("ok      without any defect all of them pass");
    timed.sort_by_key(|(took, _)| *took);
    Ok(timed.into_iter().map(|(_, program)| program).collect())
}

/// The first program that fails has found it.
fn find(defect: Defect, programs: &[Program]) -> Result<Found> {
    let began = Instant::now();
    for program in programs {
        if let Verdict::Failed(failure) = program.run(&[(VARIABLE, defect.name())])? {
            let by = Some((program.name.clone(), failure));
            return Ok(Found { defect, by, took: began.elapsed() });
        }
    }
    Ok(Found { defect, by: None, took: began.elapsed() })
}

fn tell(found: &Found) {
    let (name, seconds) = (found.defect.name(), found.took.as_secs_f64());
    match &found.by {
        Some((program, failure)) => {
            println!("found   {name:<24} {seconds:>5.1} s  {program}: {failure}");
        }
        None => println!("MISSED  {name:<24} {seconds:>5.1} s"),
    }
}
