//! Integers of files: plain up to 2^53, which is what every reader keeps exactly, and decimal
//! strings beyond. Both forms are read, whatever the size.
//!
//! `#[serde(with = "number")]` for an integer, `number::optional` for one that may be absent,
//! `number::lists` for lists of lists of them, and `decimal` where small ones are written as strings
//! too. Their schemas are those of [`Number`] and [`Decimal`].

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use super::loose::INTEGER_MAX;
use super::schema::string_schema;

/// An integer without a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number<T>(pub(crate) T);

/// An integer that is written as a decimal string always.
#[derive(Debug)]
pub(crate) struct Decimal;

string_schema!(Decimal, "Decimal", "An integer as decimal text.", "^(0|[1-9][0-9]*)$");

/// Integers in the form that their size asks for.
#[expect(clippy::module_inception, reason = "fields name it: with = \"number\"")]
pub(crate) mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Number, Whole};

    pub(crate) fn serialize<T: Whole, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        Number(*value).serialize(s)
    }

    pub(crate) fn deserialize<'de, T: Whole, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
        Number::deserialize(d).map(|number| number.0)
    }

    /// Lists of lists of integers.
    pub(crate) mod lists {
        use serde::{Deserialize, Deserializer, Serializer};

        use super::super::{Number, Whole};

        pub(crate) fn serialize<T: Whole, S: Serializer>(
            lists: &[Vec<T>],
            s: S,
        ) -> Result<S::Ok, S::Error> {
            let row = |list: &Vec<T>| list.iter().copied().map(Number).collect::<Vec<_>>();
            s.collect_seq(lists.iter().map(row))
        }

        pub(crate) fn deserialize<'de, T: Whole, D: Deserializer<'de>>(
            d: D,
        ) -> Result<Vec<Vec<T>>, D::Error> {
            let lists = Vec::<Vec<Number<T>>>::deserialize(d)?;
            let row = |list: Vec<Number<T>>| list.into_iter().map(|number| number.0).collect();
            Ok(lists.into_iter().map(row).collect())
        }
    }

    /// Integers that may be absent. The field needs `default` too.
    pub(crate) mod optional {
        use serde::{Deserialize, Deserializer, Serialize, Serializer};

        use super::super::{Number, Whole};

        pub(crate) fn serialize<T: Whole, S: Serializer>(
            value: &Option<T>,
            s: S,
        ) -> Result<S::Ok, S::Error> {
            value.map(Number).serialize(s)
        }

        pub(crate) fn deserialize<'de, T: Whole, D: Deserializer<'de>>(
            d: D,
        ) -> Result<Option<T>, D::Error> {
            Option::<Number<T>>::deserialize(d).map(|number| number.map(|number| number.0))
        }
    }
}

/// Integers as decimal strings, whatever their size.
pub(crate) mod decimal {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Number, Whole};

    pub(crate) fn serialize<T: Whole, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&(*value).into())
    }

    pub(crate) fn deserialize<'de, T: Whole, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
        Number::deserialize(d).map(|number| number.0)
    }
}

/// An integer without a sign, of any size up to 128 bits.
pub(crate) trait Whole: Copy + Into<u128> + TryFrom<u128> {}

impl<T: Copy + Into<u128> + TryFrom<u128>> Whole for T {}

impl<T: Whole> Serialize for Number<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: u128 = self.0.into();
        match u64::try_from(number) {
            Ok(small) if small <= INTEGER_MAX => serializer.serialize_u64(small),
            _ => serializer.collect_str(&number),
        }
    }
}

impl<'de, T: Whole> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either(PhantomData))
    }
}

struct Either<T>(PhantomData<T>);

impl<T: Whole> Visitor<'_> for Either<T> {
    type Value = Number<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = 8 * size_of::<T>();
        write!(f, "a decimal number below 2^{bits}")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.visit_u128(value.into())
    }

    fn visit_u128<E: Error>(self, value: u128) -> Result<Self::Value, E> {
        let too_large = |_| E::invalid_value(Unexpected::Other(&value.to_string()), &self);
        T::try_from(value).map(Number).map_err(too_large)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let plain = text.bytes().all(|byte| byte.is_ascii_digit())
            && (text == "0" || !text.starts_with('0'));
        let number = text.parse().ok().filter(|_| plain).and_then(|n: u128| T::try_from(n).ok());
        number.map(Number).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

impl<T> JsonSchema for Number<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "An integer; beyond 2^53 a decimal string.",
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": INTEGER_MAX },
                { "type": "string", "pattern": "^(0|[1-9][0-9]*)$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{from_str, to_string};

    use super::number;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type")]
    enum Tagged {
        A {
            #[serde(with = "number")]
            n: u64,
            #[serde(default, with = "number::optional", skip_serializing_if = "Option::is_none")]
            m: Option<u32>,
        },
    }

    #[test]
    fn both_forms_are_read_also_below_a_tag() {
        for (text, n, m) in [
            (r#"{"type":"A","n":5}"#, 5, None),
            (r#"{"type":"A","n":"5","m":"7"}"#, 5, Some(7)),
            (r#"{"type":"A","n":18446744073709551615}"#, u64::MAX, None),
            (r#"{"type":"A","n":"18446744073709551615","m":null}"#, u64::MAX, None),
        ] {
            assert_eq!(from_str::<Tagged>(text).unwrap(), Tagged::A { n, m }, "{text}");
        }
        let text = to_string(&Tagged::A { n: u64::MAX, m: Some(1) }).unwrap();
        assert_eq!(text, r#"{"type":"A","n":"18446744073709551615","m":1}"#);
    }

    #[test]
    fn what_is_no_such_integer_is_refused() {
        for n in ["-1", "\"05\"", "\"\"", "\"+5\"", "1.5", "\"18446744073709551616\"", "null"] {
            let error = from_str::<Tagged>(&format!("{{\"type\":\"A\",\"n\":{n}}}")).unwrap_err();
            assert!(error.to_string().contains("a decimal number below 2^64"), "{n}: {error}");
        }
    }
}
