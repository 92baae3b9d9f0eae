//! Golden outputs: what a person sees, character by character. `NATLENS_UPDATE_GOLDEN=1` rewrites them.

use super::*;
use std::path::PathBuf;

mod schema;

fn check(name: &str, report: &Report, format: Format, style: &Style) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/sinks/golden").join(name);
    let got = render(report, format, TableName::default(), style);
    if std::env::var_os("NATLENS_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &got).unwrap();
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(got == expect, "{name} differs; it is now:\n{got}");
}

fn narrow() -> Style {
    Style { width: Some(100), ..Style::default() }
}

#[test]
fn tables_look_as_agreed() {
    check("full.txt", &sample::full(), Format::Table, &Style { top: 5, ..Style::default() });
    check("billed.txt", &sample::billed(), Format::Table, &Style { verbosity: 1, ..Style::default() });
    check("bill_only.txt", &sample::bill_only(), Format::Table, &narrow());
    check("cost_explorer.txt", &sample::cost_explorer(), Format::Table, &narrow());
    check("pooled.txt", &sample::pooled(), Format::Table, &narrow());
    check("empty.txt", &sample::empty(), Format::Table, &Style::default());
    check("narrow.txt", &sample::full(), Format::Table, &narrow());
    check("billed_narrow.txt", &sample::billed(), Format::Table, &narrow());
    check("ascii.txt", &sample::full(), Format::Table, &Style { unicode: false, verbosity: -1, ..narrow() });
    check("colour.txt", &sample::full(), Format::Table, &Style { color: true, ..Style::default() });
}

#[test]
fn markdown_looks_as_agreed() {
    let mut long = sample::full();
    long.clients = (0..14)
        .map(|i| {
            let mut client = long.clients[i % 4].clone();
            client.client = format!("10.20.3.{i}");
            client
        })
        .collect();
    check("full.md", &long, Format::Markdown, &Style::default());
    check("billed.md", &sample::billed(), Format::Markdown, &Style::default());
}

#[test]
fn json_looks_as_agreed() {
    check("full.json", &sample::full(), Format::Json, &Style::default());
}

#[test]
fn a_stored_report_comes_back_whole() {
    for (at, report) in sample::all().iter().enumerate() {
        let text = crate::report::stored::to_json(report).expect("a report can be written");
        let back = crate::report::stored::from_json(&text).expect("it can be read");
        assert_eq!(format!("{back:?}"), format!("{report:?}"), "sample {at}");
        assert!(crate::report::stored::from_json(&text[..text.len() - 1]).is_none());
    }
}

fn without_colour(text: &str) -> String {
    let mut out = String::new();
    for (i, part) in text.split("\u{1b}[").enumerate() {
        out.push_str(if i == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    out
}

#[test]
fn colour_adds_nothing() {
    let report = sample::full();
    let plain = render(&report, Format::Table, TableName::default(), &Style::default());
    let coloured = render(&report, Format::Table, TableName::default(), &Style { color: true, ..Style::default() });
    assert_eq!(without_colour(&coloured), plain);
    assert_ne!(coloured, plain);
    assert!(!plain.contains('\u{1b}'), "a name reached the terminal as it came");
}

#[test]
fn ascii_style_is_ascii() {
    for report in sample::all() {
        let text = render(&report, Format::Table, TableName::default(), &Style { unicode: false, ..narrow() });
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn terminals_are_wide_enough() {
    for width in [80, 100, 120, 160, 200] {
        for report in sample::all() {
            let style = Style { width: Some(width), ..Style::default() };
            let text = render(&report, Format::Table, TableName::default(), &style);
            let longest = text.lines().max_by_key(|l| l.chars().count()).unwrap();
            assert!(longest.chars().count() <= usize::from(width), "{width}: {longest}");
        }
    }
}

#[test]
fn every_width_is_drawn() {
    for width in 0..40 {
        let style = Style { width: Some(width), top: 1, ..Style::default() };
        for report in sample::all() {
            assert!(!render(&report, Format::Table, TableName::default(), &style).is_empty());
        }
    }
}

#[test]
fn the_first_screen_holds_the_answer() {
    for width in [100, 120, 160, 200] {
        for report in [sample::full(), sample::billed(), sample::pooled()] {
            let style = Style { width: Some(width), ..Style::default() };
            let text = render(&report, Format::Table, TableName::default(), &style);
            let screen: Vec<&str> = text.lines().take(24).collect();
            for label in ["For what", "What to do", "Saving", "How sure", "Decisions", "2. fix"] {
                let found = screen.iter().any(|l| l.trim_start().starts_with(label));
                assert!(found, "{width}: {label} is not on the first screen:\n{text}");
            }
        }
    }
}

fn check_fact(situation: &str, of: Report, change: impl FnOnce(&mut Report), expect: &str) {
    let mut report = of;
    change(&mut report);
    let text = render(&report, Format::Markdown, TableName::default(), &Style::default());
    let headline = text.split("\n## ").next().unwrap();
    assert!(headline.lines().any(|l| l.replace("**", "") == expect), "{situation}: {expect}\n{headline}");
}

#[test]
fn the_headline_answers_what_it_can() {
    let usd = sample::usd;
    check_fact(
        "a lower endpoint bill",
        sample::billed(),
        |r| {
            r.decisions.retain(|d| d.action == "remove");
            r.summary.endpoint_usd = usd("-15.28");
            r.summary.net_saving_usd = usd("13.66");
        },
        "- Saving: $13.66 on this period's traffic, with $15.28 no longer paid for endpoints",
    );
    check_fact(
        "nothing pays",
        sample::billed(),
        |r| {
            r.decisions.retain(|d| d.action == "keep-nat");
            r.findings.clear();
        },
        "- What to do: nothing: every endpoint would cost more than it avoids",
    );
    check_fact(
        "nothing pays of a tenth",
        sample::billed(),
        |r| {
            r.decisions.retain(|d| d.action == "keep-nat");
            r.findings.clear();
            r.summary.coverage = Some(usd("0.1"));
        },
        "- What to do: nothing: every endpoint would cost more than it avoids on the 10.0% of the bill that was seen",
    );
    check_fact("nothing pays", sample::billed(), |r| r.decisions.clear(), "- Saving: none found");
    let unpriced = |r: &mut Report| {
        r.decisions.retain(|d| d.action == "keep-nat");
        r.decisions.truncate(1);
        r.decisions[0].net_usd = None;
        r.findings.clear();
    };
    check_fact("what was not weighed", sample::billed(), unpriced, "- Saving: n/a: no endpoint has a figure");
    check_fact(
        "what was not weighed",
        sample::billed(),
        unpriced,
        "- What to do: nothing for certain: some endpoints have no figure, the reasons below say why; no other one pays",
    );
    check_fact(
        "no VPC is known",
        sample::full(),
        |r| {
            r.traffic.retain(|t| t.usd.is_some());
            r.traffic.iter_mut().for_each(|t| t.vpc_id = None);
            r.decisions.clear();
        },
        "- Saving: not decided, at most $389.06: which VPC the clients are in is not known",
    );
    check_fact(
        "some VPCs are not known",
        sample::billed(),
        |r| r.traffic[0].vpc_id = None,
        "- Not included: endpoints for 5,482.3 GB whose client VPC is not known",
    );
}

#[test]
fn the_headline_says_what_an_unknown_region_leaves_open() {
    let open = |r: &mut Report| {
        r.traffic.retain(|t| t.service == "s3" && t.usd.is_some());
        r.traffic.truncate(1);
        r.traffic[0].service_region = None;
        r.traffic[0].endpoint = "none";
        r.region_unknown = [0].into();
        r.findings.clear();
    };
    let alone = |r: &mut Report| {
        open(r);
        r.decisions.clear();
    };
    let saving = "- Saving: not decided, at most $246.70: the Region of the service, or of its clients, is not known";
    check_fact("nothing else", sample::full(), alone, saving);
    let to_do = "- What to do: not decided: the Region of the service, or of its clients, is not known";
    check_fact("nothing else", sample::full(), alone, to_do);
    let kept = |r: &mut Report| {
        open(r);
        r.decisions.retain(|d| d.action == "keep-nat");
    };
    let to_do = "- What to do: nothing for certain: of some traffic the Region is not known; no other endpoint pays";
    check_fact("nothing else pays", sample::billed(), kept, to_do);
    let part = "- Not included: endpoints for 5,482.3 GB whose Region is not known";
    check_fact("beside decisions", sample::billed(), |r| r.region_unknown = [0].into(), part);
}

#[test]
fn the_headline_says_what_would_name_the_rest() {
    let start = "- Not claimed: AWS, service not known: $16.57 for 409.2 GB (3.1%);";
    check_fact("nobody asked", sample::billed(), |_| {}, &format!("{start} nobody asked the Resolver"));
    let unlogged = |r: &mut Report| r.inputs.clear();
    check_fact("no Resolver log", sample::billed(), unlogged, &format!("{start} log Resolver queries of 1 VPC"));
    let no_vpc = |r: &mut Report| {
        for row in r.traffic.iter_mut().filter(|row| row.service == "range:amazon") {
            row.vpc_id = None;
        }
    };
    check_fact("no VPC", sample::billed(), no_vpc, &format!("{start} log Resolver queries"));
    // Many of AWS's APIs answer from addresses of EC2.
    let on_ec2 = |r: &mut Report| {
        for row in r.traffic.iter_mut().filter(|row| row.service == "range:amazon") {
            row.service = "range:ec2".to_owned();
        }
    };
    let logged = |r: &mut Report| {
        on_ec2(r);
        r.inputs.clear();
        r.logged_vpcs.clear();
    };
    check_fact("on EC2", sample::billed(), logged, &format!("{start} log Resolver queries of 1 VPC"));
    let text = render(
        &{
            let mut told = sample::billed();
            on_ec2(&mut told);
            told
        },
        Format::Markdown,
        TableName::default(),
        &Style::default(),
    );
    assert!(!text.contains("Not claimed"), "a Resolver log tells AWS's from anybody's");
    let undecided = |r: &mut Report| {
        r.decisions.clear();
        r.findings.clear();
    };
    let nothing = "- What to do: nothing for certain: which service answered at some of AWS's addresses is not known";
    check_fact("nothing decided", sample::billed(), undecided, nothing);
    let said = |code: &'static str| {
        move |r: &mut Report| {
            r.decisions.clear();
            r.findings.clear();
            r.warnings[0].code = code.to_owned();
        }
    };
    for (code, why) in [
        ("outside-prefix-list", "the prefix list that was given may be older or newer than the traffic"),
        ("ambiguous-names", "the names that were asked for disagree on the service of some traffic"),
    ] {
        check_fact(code, sample::billed(), said(code), &format!("- What to do: nothing for certain: {why}"));
    }
}

#[test]
fn the_headline_says_what_it_cannot_answer() {
    let usd = sample::usd;
    check_fact(
        "no price",
        sample::full(),
        |r| r.decisions.retain(|d| d.net_usd.is_none()),
        "- Saving: n/a: nothing that is recommended has a price",
    );
    check_fact(
        "no finding has a price",
        sample::billed(),
        |r| r.findings.retain(|f| f.usd.is_none()),
        "- On gateways: n/a: no finding has a price (1 cross-az)",
    );
    check_fact(
        "more logs than bill",
        sample::billed(),
        |r| r.summary.coverage = Some(usd("1.25")),
        "- How sure: flow logs hold 125.0% of the 13,357.6 GB billed, so the split is scaled to the bill; 3 warnings below",
    );
    check_fact(
        "a month that has just begun",
        sample::bill_only(),
        |r| r.period.partial = true,
        "- Period: October 2026 (partial: the bill has no line of a NAT gateway on its first or its last day)",
    );
    check_fact(
        "one's surplus hides what another lacks",
        sample::billed(),
        |r| {
            r.summary.coverage = Some(usd("1"));
            r.nat_gateways[1].coverage = Some(usd("0.5"));
            r.nat_gateways[1].nat_gateway_id = "nat-half".to_owned();
        },
        "- How sure: flow logs hold 100.0% of the 13,357.6 GB billed, but 50.0% of nat-half's; 3 warnings below",
    );
    check_fact(
        "a bill without gateways",
        sample::billed(),
        |r| {
            r.summary.data_usd = None;
            r.summary.hours_usd = None;
        },
        "- Paid: n/a: the bill holds no charge of a NAT gateway in this period",
    );
    check_fact(
        "hours only",
        sample::billed(),
        |r| r.summary.data_usd = None,
        "- Paid: n/a net of discounts: n/a for 13,357.6 GB, $150.66 for 3,720.0 gateway hours",
    );
    check_fact(
        "list prices of a bill",
        sample::pooled(),
        |r| r.cost_basis = "list",
        "- Cost: $691.64 at list prices, which is not what was paid: $540.98 for 13,357.6 GB, $150.66 for gateway hours",
    );
    check_fact(
        "no price at all",
        sample::full(),
        |r| r.traffic.iter_mut().for_each(|t| t.usd = None),
        "- For what: s3 8,338.7 GB (75.9%), internet 1,488.4 GB (13.5%), dynamodb 477.8 GB (4.3%), 3 others 278.3 GB (2.5%), AWS service not known 409.2 GB (3.7%)",
    );
}

#[test]
fn what_was_paid_for_adds_up_to_the_bill() {
    let report = sample::billed();
    let text = render(&report, Format::Table, TableName::default(), &Style { top: 0, ..Style::default() });
    let services = text.split("\nServices\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let total = services.lines().find(|l| l.trim_start().starts_with("Total ")).unwrap();
    let paid = human::Numbers::new("USD", 0).money(report.summary.data_usd.unwrap());
    assert!(total.contains(&paid), "{total} is not {paid}");
}

#[test]
fn kept_rows_come_last_and_do_not_bury_the_others() {
    let mut report = sample::billed();
    let kept = report.decisions.iter().position(|d| d.action == "keep-nat").unwrap();
    let kept = report.decisions.remove(kept);
    for i in 0..14 {
        let mut row = kept.clone();
        row.reason = format!("kept {i}");
        report.decisions.insert(i, row);
    }
    let text = |top| render(&report, Format::Table, TableName::default(), &Style { top, ..Style::default() });
    let short = text(3);
    let at = |needle: &str| short.find(needle).unwrap_or_else(|| panic!("{needle}: {short}"));
    assert!(at("7. share") < at("8. keep-nat") && at("10. kept 2") > 0 && !short.contains("kept 3"));
    assert!(short.contains("11 keep-nat decisions not shown here"));
    assert!(text(0).contains("kept 13") && !text(0).contains("not shown here"));
}

#[test]
fn top_keeps_the_sum() {
    let report = sample::full();
    let total = |top| {
        let text = render(&report, Format::Table, TableName::default(), &Style { top, ..Style::default() });
        let services = text.split("\nServices\n").nth(1).unwrap().split("\n\n").next().unwrap().to_owned();
        let line = services.lines().find(|l| l.contains("otal ") && !l.contains("Total GB")).unwrap();
        (line.split_whitespace().map(str::to_owned).collect::<Vec<_>>(), services.lines().count())
    };
    let ((all, long), (some, short)) = (total(0), total(2));
    assert_eq!(all, some);
    assert!(short < long);
}

#[test]
fn absurd_amounts_are_drawn() {
    let mut report = sample::full();
    for row in &mut report.traffic {
        row.upload_bytes = crate::model::bytes::Bytes::new(u64::MAX);
        row.usd = Some(crate::model::usd::Usd::from_units(i128::MAX));
    }
    report.summary.net_saving_usd = crate::model::usd::Usd::from_units(i128::MIN);
    report.summary.attributed_usd = Some(crate::model::usd::Usd::from_units(1));
    for format in Format::value_variants() {
        assert!(!render(&report, *format, TableName::Traffic, &Style::default()).is_empty());
    }
}

#[test]
fn names_are_read_in_both_spellings() {
    assert_eq!("nat-gateways".parse(), Ok(TableName::NatGateways));
    assert_eq!("nat_gateways".parse(), Ok(TableName::NatGateways));
    assert_eq!("markdown".parse(), Ok(Format::Markdown));
    let error = "yaml".parse::<Format>().unwrap_err().to_string();
    assert_eq!(error, "`yaml` is none of table, json, csv, markdown");
}
