//! The page as a whole.

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::reports::samples::campaign;
use crate::reports::{CampaignRecords, FindingReport, StepRecord};
use crate::scenario::{Drawing, NoteKind, PictureBox};
use crate::trace::Arrow;

use super::html_text;
use super::sequence::tests::step;

const SCRIPT: &str = "<script>alert(1)</script>\"'&\u{1b}[31m";

/// A campaign with one finding whose texts are all hostile.
fn hostile() -> CampaignRecords {
    let mut records = campaign();
    records.header.subject = SCRIPT.to_owned();
    let mut place = PictureBox::new(0, 0, SCRIPT);
    place.note(NoteKind::Peer, SCRIPT);
    let finding = FindingReport {
        subject: SCRIPT.to_owned(),
        expected: SCRIPT.to_owned(),
        got: SCRIPT.to_owned(),
        replay: Some(SCRIPT.to_owned()),
        scenario: Some(SCRIPT.to_owned()),
        file: Some(SCRIPT.into()),
        trace: vec![StepRecord {
            lie: Some(SCRIPT.to_owned()),
            detail: Some(SCRIPT.to_owned()),
            ..step(0, Some(1), Arrow::ToSubject, &format!("p1 --> S  {SCRIPT}"))
        }],
        drawing: Some(Drawing {
            caption: SCRIPT.to_owned(),
            columns: vec![SCRIPT.to_owned()],
            rows: vec![SCRIPT.to_owned()],
            boxes: vec![place],
            links: Vec::new(),
            left_out: Some(SCRIPT.to_owned()),
        }),
        ..records.findings[0].clone()
    };
    records.findings = vec![finding];
    records
}

/// A finding with a long run of long messages, none like the other.
fn large() -> FindingReport {
    let letters = ('a'..='z').flat_map(|a| ('a'..='z').map(move |b| format!("{a}{b}")));
    let texts =
        letters.map(|letters| format!("p1 --> S  headers {letters}{}  [lie]", "<".repeat(90)));
    let trace = texts.zip(0..).map(|(text, seq)| StepRecord {
        detail: Some("\"".repeat(4_096)),
        ..step(seq, Some(1), Arrow::ToSubject, &text)
    });
    FindingReport {
        steps: 676,
        trace: trace.collect(),
        scenario: Some("&".repeat(100_000)),
        ..campaign().findings[0].clone()
    }
}

/// The elements of a page, each closed where it ought to be.
fn elements(page: &str) -> Vec<String> {
    let body = page.strip_prefix("<!DOCTYPE html>").expect("it says what it is");
    // The only element that HTML does not close.
    let closed: String = body
        .split_inclusive('>')
        .map(|part| match part.rfind("<meta ") {
            Some(_) => format!("{}/>", &part[..part.len() - 1]),
            None => part.to_owned(),
        })
        .collect();
    let mut reader = Reader::from_str(&closed);
    let (mut elements, mut depth) = (Vec::new(), 0_i32);
    loop {
        match reader.read_event().expect("the page is well-formed") {
            Event::Start(start) => {
                depth += 1;
                start.attributes().for_each(|attribute| drop(attribute.expect("an attribute")));
                elements.push(start.name().as_ref().to_owned());
            }
            Event::End(_) => depth -= 1,
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    elements
}

#[test]
fn the_page_is_well_formed() {
    let page = html_text(&campaign());
    let count = |name: &str| elements(&page).iter().filter(|its| *its == name).count();
    assert_eq!((count("html"), count("h1"), count("article")), (1, 1, 1));
    assert!(page.contains("NOT TESTED"), "{page}");
    assert!(page.contains(r##"<a href="#f1">finding 1</a>"##), "{page}");
}

#[test]
fn no_text_becomes_markup() {
    let page = html_text(&hostile());
    let scripts = elements(&page).iter().filter(|its| *its == "script").count();
    assert_eq!(scripts, 1, "the page has one script of its own");
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(!page.contains('\u{1b}'), "control characters are shown, not sent");
    assert!(!page.contains("onerror"), "{page}");
}

#[test]
fn nothing_is_loaded() {
    let page = html_text(&hostile());
    for word in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn long_runs_are_cut_and_say_so() {
    let mut records = campaign();
    records.findings = vec![large()];
    let page = html_text(&records);
    elements(&page);
    assert!(page.contains("steps left out; replay shows all"), "the diagram says so");
    assert!(page.len() < 600_000, "{}", page.len());
}

#[test]
fn many_large_findings_are_a_small_page() {
    let mut records = campaign();
    records.findings = vec![large(); 25];
    let bytes = html_text(&records).len();
    assert!(bytes < 2_000_000, "{bytes}");
    records.findings = vec![campaign().findings[0].clone(); 1_000];
    let page = html_text(&records);
    assert!(page.len() < 2_000_000, "{}", page.len());
    assert!(page.contains("600 findings more"), "the page says so");
}
