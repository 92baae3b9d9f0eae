//! What is kept is told from what is not, and put down and taken up again the same.

use super::*;
use crate::model::flow::{FlowRecord, FlowSink, Verdict};
use crate::model::period::Window;
use arrow::array::{ArrayRef, StringArray};
use proptest::prelude::*;

/// Whatever a reader may find in one record: a few texts, addresses and ports of each, so that rows meet.
#[derive(Clone, Debug)]
struct Line {
    texts: [u8; 12],
    addrs: [u8; 4],
    ports: [Option<u16>; 2],
    start: i64,
    bytes: u64,
    verdict: u8,
    direction: u8,
    malformed: bool,
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let port = || prop_oneof![Just(None), Just(Some(0)), Just(Some(443)), any::<u16>().prop_map(Some)];
    let line = (
        prop::array::uniform12(0..5u8),
        prop::array::uniform4(0..7u8),
        (port(), port()),
        0..50_000i64,
        prop_oneof![0..3000u64, Just(u64::MAX / 8)],
        0..6u8,
        0..3u8,
        prop::bool::weighted(0.1),
    );
    let line = line.prop_map(|(texts, addrs, (src, dst), start, bytes, verdict, direction, malformed)| Line {
        texts,
        addrs,
        ports: [src, dst],
        start,
        bytes,
        verdict,
        direction,
        malformed,
    });
    prop::collection::vec(line, 0..60)
}

fn addr(number: u8) -> Addr {
    let text = ["10.0.0.1", "10.0.1.9", "10.1.0.7", "52.1.2.3", "8.8.8.8", "64:ff9b::808:808", "2600::1"];
    Addr::parse(text[usize::from(number)].as_bytes()).expect("an address")
}

fn fold<'a>(roles: &'a Roles, window: Option<Window>, lines: &[Line]) -> Fold<'a> {
    read(Fold::new(roles, window), lines)
}

fn read<'a>(fold: Fold<'a>, lines: &[Line]) -> Fold<'a> {
    read_behind(0, fold, lines)
}

/// Lines behind so many others.
fn read_behind<'a>(before: u64, mut fold: Fold<'a>, lines: &[Line]) -> Fold<'a> {
    for (line, number) in lines.iter().zip(before + 1..) {
        if line.malformed {
            fold.malformed(number, "start is not a number");
            continue;
        }
        let names = ["", "eni-a", "eni-b", "nat_gateway", "S3"];
        let [interface, resource, account, region, vpc, subnet, az, instance, kind, owner, next_hop, service] =
            line.texts.map(|text| fold.symbols.intern(names[usize::from(text)].as_bytes()));
        let [src, dst, pkt_src, pkt_dst] = line.addrs.map(addr);
        let pkt = line.verdict.is_multiple_of(2);
        let record = FlowRecord {
            interface,
            resource: if line.texts[1] == 2 { resource } else { Sym::NONE },
            facts: InterfaceFacts { account, region, vpc, subnet, az, instance, kind },
            owner,
            start: line.start,
            bytes: line.bytes,
            src,
            dst,
            src_port: line.ports[0],
            dst_port: line.ports[1],
            pkt_src: pkt.then_some(pkt_src),
            pkt_dst: pkt.then_some(pkt_dst),
            src_service: service,
            dst_service: kind,
            direction: DIRECTIONS[usize::from(line.direction)],
            next_hop_kind: kind,
            next_hop,
            verdict: [
                Verdict::Accept,
                Verdict::Accept,
                Verdict::Accept,
                Verdict::Reject,
                Verdict::NoData,
                Verdict::SkipData,
            ][usize::from(line.verdict)],
        };
        fold.record(&record);
    }
    fold
}

/// All that merging can see, in an order of its own.
fn seen(counted: &Counted<'_>) -> String {
    let Counted { identity, told, fold } = counted;
    let texts: Vec<&str> =
        (0..fold.symbols.len()).map(|raw| fold.symbols.text(Sym::from_raw(u32::try_from(raw).expect("few")))).collect();
    let interfaces: Vec<String> = fold
        .interfaces
        .iter()
        .map(|slot| format!("{:?} {:?} {:?} {:?}", slot.name, slot.facts, slot.role, slot.own))
        .collect();
    let mut rows: Vec<String> = fold.rows.iter().map(|row| format!("{row:?}")).collect();
    let mut crossings: Vec<String> = fold.crossings.iter().map(|row| format!("{row:?}")).collect();
    rows.sort();
    crossings.sort();
    let counts = (fold.read, fold.all_bytes, fold.out_of_window, fold.malformed, &fold.malformed_samples);
    format!(
        "{identity} {told:?} {texts:?} {:?} {interfaces:#?} {:?} {rows:#?} {crossings:#?} {:?} {counts:?}",
        fold.addrs.addrs(),
        fold.cells,
        fold.words.said()
    )
}

fn told(log_group: Option<&str>) -> Told {
    Told {
        content_hash: u128::MAX - 5,
        inflated_bytes: 77,
        log_group: log_group.map(str::to_owned),
        assumed_accept: true,
        assumed_ok: false,
        pages: Ends { open: true, last: false },
    }
}

fn roles() -> Roles {
    use crate::count::roles::{NatSide, Role};
    let cidr = |text| crate::model::addr::Cidr::parse(text).expect("a block");
    let mut roles = Roles::new(vec![cidr("10.0.0.0/16"), cidr("10.1.0.0/16")]);
    roles.add_nat(
        NatSide { id: "nat-1".to_owned(), own: vec![addr(0)], public: vec![addr(3)], ..NatSide::default() },
        ["eni-a".to_owned()],
    );
    roles.set("eni-b", Role::Client);
    roles.set_ports([443]);
    roles
}

proptest! {
    #[test]
    fn a_fold_comes_back_as_it_was(all in prop::collection::vec(lines(), 0..4), cut in any::<bool>()) {
        let roles = roles();
        let window = cut.then_some(Window { start: 0, end: 40_000 });
        let objects: Vec<Counted<'_>> = all.iter().zip(0u128..).map(|(lines, at)| Counted {
            identity: u128::MAX / 3 + at,
            told: told((at % 2 == 1).then_some("flow/logs")),
            fold: fold(&roles, window, lines),
        }).collect();
        let batch = to_batch(&objects).expect("a batch");
        let back = of_batch(&batch, &roles).expect("the objects");
        let all = |objects: &[Counted<'_>]| objects.iter().map(seen).collect::<Vec<_>>();
        prop_assert_eq!(all(&back), all(&objects));
    }

    #[test]
    fn a_fold_that_was_used_before_counts_like_a_new_one(before in lines(), lines in lines(), cut in any::<bool>()) {
        let roles = roles();
        let window = cut.then_some(Window { start: 0, end: 40_000 });
        let used = fold(&roles, None, &before).emptied(window).expect("of a size");
        let counted = |fold| seen(&Counted { identity: 1, told: told(None), fold });
        prop_assert_eq!(counted(read(used, &lines)), counted(fold(&roles, window, &lines)));
    }

    #[test]
    fn parts_are_added_as_if_one_fold_had_got_every_line(lines in lines(), len in 1..20usize, cut in any::<bool>()) {
        let roles = roles();
        let window = cut.then_some(Window { start: 0, end: 40_000 });
        let (mut all, mut before) = (fold(&roles, window, &[]), 0);
        for part in lines.chunks(len) {
            let beside = read(all.beside(), part);
            if !all.add(&beside, before) {
                all = read_behind(before, all, part);
            }
            before += part.len() as u64;
        }
        let counted = |fold| seen(&Counted { identity: 1, told: told(None), fold });
        prop_assert_eq!(counted(all), counted(fold(&roles, window, &lines)));
    }
}

#[test]
fn what_points_to_nothing_is_no_fold() {
    let roles = roles();
    let line = Line {
        texts: [2, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1],
        addrs: [0, 4, 0, 4],
        ports: [None, Some(443)],
        start: 5,
        bytes: 9,
        verdict: 0,
        direction: 2,
        malformed: false,
    };
    let objects = [Counted { identity: 1, told: told(None), fold: fold(&roles, None, &[line]) }];
    assert!(objects[0].fold.rows.iter().any(|(key, _)| !key.from.is_none()), "a row that points to an address");
    let batch = to_batch(&objects).expect("a batch");
    assert_eq!(of_batch(&batch, &roles).map(|objects| objects.len()), Some(1));
    for name in batch.schema().fields().iter().map(|field| field.name().clone()) {
        let without = batch.schema().fields().iter().position(|field| *field.name() == name).expect("a column");
        let mut less = batch.clone();
        less.remove_column(without);
        assert!(of_batch(&less, &roles).is_none(), "without {name}");
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        columns[without] = Arc::new(StringArray::from(vec!["x"]));
        let fields: Vec<_> = batch
            .schema()
            .fields()
            .iter()
            .zip(&columns)
            .map(|(field, column)| arrow::datatypes::Field::new(field.name(), column.data_type().clone(), false))
            .collect();
        let other = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("a batch");
        assert!(of_batch(&other, &roles).is_none(), "another kind of {name}");
    }
    for emptied in [SYMBOLS, "addresses", "interfaces"] {
        let at = batch.schema().fields().iter().position(|field| field.name() == emptied).expect("a column");
        let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
        let empty =
            to_batch(&[Counted { identity: 1, told: told(None), fold: Fold::new(&roles, None) }]).expect("a batch");
        let list = empty.column(at).clone();
        columns[at] = if emptied == SYMBOLS { no_texts() } else { list };
        let other = RecordBatch::try_new(batch.schema(), columns).expect("a batch");
        assert!(of_batch(&other, &roles).is_none(), "{emptied} that rows point to are gone");
    }
}

fn no_texts() -> ArrayRef {
    let mut none = Texts::default();
    none.end();
    none.finish(SYMBOLS).expect("a column").1
}
