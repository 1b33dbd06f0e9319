//! The page that people read names everything the code knows.

use protocol::{ByeCode, CloseCode, Codec, ErrorCode, EventData, Operation, SignalData};

const PAGE: &str = include_str!("../README.md");

#[test]
fn the_page_names_every_operation_event_signal_and_subprotocol() {
    let names = [Operation::NAMES, EventData::NAMES, SignalData::NAMES].concat();
    for name in names.into_iter().chain(Codec::ALL.map(Codec::subprotocol)) {
        assert!(PAGE.contains(&format!("`{name}`")), "README.md says nothing of {name}");
    }
}

#[test]
fn the_page_gives_every_error_code_its_remedy() {
    for code in ErrorCode::ALL {
        let remedy = serde_json::to_value(code.remedy()).unwrap();
        let row = format!("| `{}` | `{}` |", code.as_str(), remedy.as_str().unwrap());
        assert!(PAGE.contains(&row), "README.md has no row {row}");
    }
}

#[test]
fn the_page_names_every_close_code_and_bye_code() {
    for code in CloseCode::ALL {
        assert!(PAGE.contains(&format!("\n| {} |", code.number())), "no row for {code:?}");
    }
    for code in ByeCode::ALL {
        assert!(PAGE.contains(&format!("`{}`", code.as_str())), "nothing of {code:?}");
    }
}
