use serde_json::Value;

use crate::families::{Draw, Sample};

/// Changes made to one input at most.
const CHANGES_MAX: u64 = 3;

/// A changed string up to this length stands whole in the name of the case.
const NAME_TEXT_MAX: usize = 24;

/// The inputs of a table that is written by hand.
#[derive(Debug)]
pub(super) struct Written {
    cases: Vec<(String, Value)>,
}

impl Written {
    pub(super) fn read(table: &str) -> Result<Self, String> {
        let table: Value = serde_yaml::from_str(table).map_err(|error| error.to_string())?;
        let cases = table["cases"].as_array().ok_or("a table has cases")?;
        let case = |case: &Value| {
            (case["name"].as_str().unwrap_or_default().to_owned(), case["given"].clone())
        };
        let cases: Vec<_> = cases.iter().map(case).collect();
        if cases.is_empty() { Err("a table has cases".to_owned()) } else { Ok(Self { cases }) }
    }

    /// One of the inputs with small changes, which its name says.
    pub(super) fn vary(&self, draw: &mut Draw) -> Sample {
        let (name, given) = draw.one_of(&self.cases);
        let mut given = given.clone();
        let mut places = Vec::new();
        collect("", &given, &mut places);
        let mut changes = Vec::new();
        for _ in 0..draw.between(1, CHANGES_MAX) {
            if places.is_empty() {
                break;
            }
            let pointer = draw.one_of(&places).clone();
            // An earlier change may have taken this place away.
            let Some(value) = given.pointer_mut(&pointer) else { continue };
            if let Some(change) = change(draw, value) {
                changes.push(format!("{} {change}", pointer[1..].replace('/', ".")));
            }
        }
        Sample::new(format!("{name}; {}", changes.join(", ")), given)
    }
}

/// The places of all that can be changed.
fn collect(pointer: &str, value: &Value, places: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            if !pointer.is_empty() && !list.is_empty() {
                places.push(pointer.to_owned());
            }
            for (index, value) in list.iter().enumerate() {
                collect(&format!("{pointer}/{index}"), value, places);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                collect(&format!("{pointer}/{key}"), value, places);
            }
        }
        Value::Bool(_) | Value::Number(_) => places.push(pointer.to_owned()),
        Value::String(text) if numbers(text).next().is_some() => places.push(pointer.to_owned()),
        Value::Null | Value::String(_) => {}
    }
}

/// Changes a value a little, and says how.
fn change(draw: &mut Draw, value: &mut Value) -> Option<String> {
    match value {
        Value::Array(list) => change_list(draw, list),
        Value::Bool(flag) => {
            *flag = !*flag;
            Some(flag.to_string())
        }
        Value::Number(number) => {
            *value = near(draw, number.as_u64()?).into();
            Some(value.to_string())
        }
        Value::String(text) => {
            let all: Vec<(usize, usize)> = numbers(text).collect();
            let (start, end) = *draw.one_of(&all);
            let before: u64 = text[start..end].parse().ok()?;
            let number = near(draw, before);
            text.replace_range(start..end, &number.to_string());
            // A whole document in a string would make a name of many lines.
            let is_short = text.len() <= NAME_TEXT_MAX;
            Some(if is_short { text.clone() } else { format!("with {number} for {before}") })
        }
        Value::Null | Value::Object(_) => None,
    }
}

fn change_list(draw: &mut Draw, list: &mut Vec<Value>) -> Option<String> {
    if list.is_empty() {
        return None;
    }
    let last = list.len() as u64 - 1;
    let (one, other) = (draw.between(0, last) as usize, draw.between(0, last) as usize);
    Some(match draw.between(0, 2) {
        0 => {
            list.remove(one);
            format!("without {one}")
        }
        1 => {
            let again = list[one].clone();
            list.push(again);
            format!("with {one} again")
        }
        _ => {
            list.swap(one, other);
            format!("with {one} and {other} swapped")
        }
    })
}

/// A number near another one, or at an end.
fn near(draw: &mut Draw, number: u64) -> u64 {
    match draw.between(0, 7) {
        0 => 0,
        1 => number.saturating_mul(2),
        2..=4 => number.saturating_add(draw.between(1, 3)),
        _ => number.saturating_sub(draw.between(1, 3)),
    }
}

/// Where decimal numbers stand in a string; hexadecimal strings have none.
fn numbers(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let bytes = if text.starts_with("0x") { &[] } else { text.as_bytes() };
    let mut index = 0;
    std::iter::from_fn(move || {
        while index < bytes.len() && !bytes[index].is_ascii_digit() {
            index += 1;
        }
        let start = index;
        while index < bytes.len() && bytes[index].is_ascii_digit() {
            index += 1;
        }
        (start < index).then_some((start, index))
    })
}
