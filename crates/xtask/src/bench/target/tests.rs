//! Verdicts.

use serde_json::json;

use super::*;

fn judged(wanted: Wanted, value: f64, ratio: Option<f64>, floor: Option<f64>) -> Verdict {
    wanted.verdict(value, ratio, floor, 100.0)
}

#[test]
fn a_bound_is_met_exactly_and_missed_by_what_is_beyond() {
    assert_eq!(judged(Wanted::AtMost(30.0), 30.0, None, None), Verdict::Met);
    assert_eq!(judged(Wanted::AtMost(20.0), 25.0, None, None), Verdict::MissedBy(25.0));
    assert_eq!(judged(Wanted::AtLeast(200.0), 150.0, None, None), Verdict::MissedBy(25.0));
    assert_eq!(judged(Wanted::Between(0.5, 1.0), 0.75, None, None), Verdict::Met);
    assert_eq!(judged(Wanted::Between(0.5, 1.0), 0.25, None, None), Verdict::MissedBy(50.0));
    assert_eq!(judged(Wanted::Between(0.5, 1.0), 1.5, None, None), Verdict::MissedBy(50.0));
}

#[test]
fn floors_and_flushes_are_those_of_the_run() {
    let wanted = Wanted::TimesFloorAndFlushes(2.0, 1.5);
    assert_eq!(judged(wanted, 350.0, None, Some(100.0)), Verdict::Met);
    assert_eq!(judged(wanted, 700.0, None, Some(100.0)), Verdict::MissedBy(100.0));
    assert_eq!(judged(wanted, 1.0, None, None), Verdict::NotMeasured, "without a floor");
    assert_eq!(judged(Wanted::AtMostAndFlushes(1400.0, 1.0), 1500.0, None, None), Verdict::Met);
    assert_eq!(
        judged(Wanted::TimesFloor(2.0), 1.0, Some(4.0), Some(9.0)),
        Verdict::MissedBy(100.0)
    );
}

#[test]
fn a_result_in_which_no_round_counts_is_void_and_one_without_the_figure_says_nothing() {
    let figure = json!({ "name": "violations", "unit": "", "median": 0.0 });
    let result = |void: Value| json!({ "summary": [figure], "rounds": [{ "void": void }], "conditions": {} });
    let target = TARGETS.iter().find(|target| target.run == "mixed").expect("there is one");
    assert_eq!(target.judge(&result(Value::Null)).verdict, Verdict::Met);
    assert_eq!(target.judge(&result(json!("late"))).verdict, Verdict::Void);
    assert_eq!(target.judge(&json!({})).verdict, Verdict::NotMeasured);
}

#[test]
fn every_target_names_a_run() {
    for target in TARGETS {
        assert!(crate::bench::RUNS.iter().any(|run| run.name == target.run), "{}", target.run);
    }
}

#[test]
fn a_table_has_a_row_for_each_target() {
    let judged: Vec<Judged> =
        TARGETS.iter().map(|target| Judged::without(target, Verdict::NotRun)).collect();
    let table = table(&judged);
    assert_eq!(table.lines().count(), TARGETS.len() + 2);
    assert!(table.contains("not run") && table.contains("≤ 2 × floor"), "{table}");
}
