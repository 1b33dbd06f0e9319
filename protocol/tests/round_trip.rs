//! Random operations and frames, written and read back in both codecs.

use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::{
    Bulk, BulkAction, Close, Codec, ConversationId, HelloArgs, History, InboxList, InboxWatch, Key,
    Keyed, Note, Nothing, Operation, Order, Page, Profile, Queue, Request, Send, Sort, Start,
    StatusFilter, Text, Then, Typing, Unwatch, Watch, WatchFrom,
};
use uuid::Uuid;

proptest! {
    #[test]
    fn an_operation_is_read_as_it_was_written(id: u32, operation in operations()) {
        for codec in Codec::ALL {
            let bytes = Request::encode(codec, id, &operation);
            let request = Request::decode(codec, &bytes).expect("a frame");
            prop_assert_eq!(request.id, id);
            prop_assert_eq!(request.operation.as_ref(), Ok(&operation));
        }
    }

    #[test]
    fn both_codecs_write_the_same_model(id: u32, operation in operations()) {
        let [json, msgpack] = Codec::ALL.map(|codec| {
            codec.parse(&Request::encode(codec, id, &operation)).expect("one value")
        });
        prop_assert_eq!(json, msgpack);
    }
}

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![questions(), commands(), inbox()]
}

fn questions() -> impl Strategy<Value = Operation> {
    prop_oneof![
        hello().prop_map(Operation::Hello),
        Just(Operation::Ping(Nothing {})),
        (conversation(), any::<u64>())
            .prop_map(|(conversation, after)| Operation::Watch(Watch { conversation, after })),
        conversation().prop_map(|conversation| Operation::Unwatch(Unwatch { conversation })),
        history().prop_map(Operation::History),
        (conversation(), any::<bool>())
            .prop_map(|(conversation, active)| Operation::Typing(Typing { conversation, active })),
    ]
}

fn commands() -> impl Strategy<Value = Operation> {
    let keyed =
        || (conversation(), key()).prop_map(|(conversation, key)| Keyed { conversation, key });
    prop_oneof![
        (conversation(), key(), text(), of(Just(Then::Close))).prop_map(
            |(conversation, key, text, then)| Operation::Send(Send {
                conversation,
                key,
                text,
                then
            })
        ),
        (key(), text(), of(profile())).prop_map(|(key, text, prechat)| Operation::Start(Start {
            key,
            text,
            prechat
        })),
        keyed().prop_map(Operation::Claim),
        keyed().prop_map(Operation::Unclaim),
        (conversation(), key(), of(any::<u64>())).prop_map(|(conversation, key, expected_seq)| {
            Operation::Close(Close { conversation, key, expected_seq })
        }),
        (conversation(), key(), text()).prop_map(|(conversation, key, text)| Operation::Note(
            Note { conversation, key, text }
        )),
        bulk().prop_map(Operation::Bulk),
    ]
}

fn inbox() -> impl Strategy<Value = Operation> {
    let queue = select(vec![Queue::All, Queue::Mine, Queue::Unassigned]);
    let status = select(vec![
        StatusFilter::Open,
        StatusFilter::Closed,
        StatusFilter::Converted,
        StatusFilter::All,
    ]);
    let sort =
        select(vec![Sort::Activity, Sort::Started, Sort::Visitor, Sort::Status, Sort::Assignee]);
    let order = select(vec![Order::Desc, Order::Asc]);
    let list = (queue, status, of(short()), sort, order, of(short()), of(1u32..=100)).prop_map(
        |(queue, status, search, sort, order, cursor, limit)| {
            Operation::InboxList(InboxList { queue, status, search, sort, order, cursor, limit })
        },
    );
    prop_oneof![list, any::<bool>().prop_map(|on| Operation::InboxWatch(InboxWatch { on }))]
}

fn hello() -> impl Strategy<Value = HelloArgs> {
    let page = (of(short()), of(short())).prop_map(|(url, title)| Page { url, title });
    let from = (".{0,40}", any::<u64>())
        .prop_map(|(conversation, after)| WatchFrom { conversation, after });
    let watch = prop::collection::vec(from, 0..=50);
    (of(".{0,40}"), of(profile()), of(page), of(short()), of(short()), watch).prop_map(
        |(token, profile, page, locale, timezone, watch)| HelloArgs {
            token,
            profile,
            page,
            locale,
            timezone,
            watch,
        },
    )
}

fn history() -> impl Strategy<Value = History> {
    (conversation(), any::<u64>(), 0u8..3, of(1u32..=200)).prop_map(
        |(conversation, bound, side, limit)| History {
            conversation,
            after: (side == 1).then_some(bound),
            before: (side == 2).then_some(bound),
            limit,
        },
    )
}

fn bulk() -> impl Strategy<Value = Bulk> {
    let action = select(vec![BulkAction::Claim, BulkAction::Unclaim, BulkAction::Close]);
    let conversations = prop::collection::hash_set(".{0,40}", 1..=100);
    (key(), action, conversations).prop_map(|(key, action, conversations)| Bulk {
        key,
        action,
        conversations: conversations.into_iter().collect(),
    })
}

fn conversation() -> impl Strategy<Value = ConversationId> {
    any::<u128>().prop_map(|bits| ConversationId(Uuid::from_u128(bits)))
}

fn key() -> impl Strategy<Value = Key> {
    "[^\0]{1,64}".prop_map(|raw| Key::new(&raw).expect("a key"))
}

fn text() -> impl Strategy<Value = Text> {
    "[^\0]{0,200}[^\0\\s][^\0]{0,20}".prop_map(|raw| Text::new(&raw).expect("a text"))
}

fn profile() -> impl Strategy<Value = Profile> {
    (of(short()), of(short())).prop_map(|(name, email)| Profile { name, email })
}

fn short() -> impl Strategy<Value = String> {
    "[^\0]{0,200}"
}
