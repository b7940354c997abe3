use serde::de::value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Visitor};
use serde_json::Value;

/// Integers up to here are exact in every parser, JavaScript's included.
pub(crate) const INTEGER_MAX: u64 = 1 << 53;

/// A value of a file as serde reads it. An integer beyond 2^53 may be a decimal string, and a string
/// may be without quotes where YAML takes it for a number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Loose<'a>(pub(crate) &'a Value);

impl<'de> Loose<'de> {
    /// The integer beyond 2^53 that a string stands for.
    fn large(self) -> Option<u128> {
        let Value::String(digits) = self.0 else { return None };
        let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse().ok().filter(|number| plain && *number > u128::from(INTEGER_MAX))
    }

    fn integer<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.large() {
            None => self.deserialize_any(visitor),
            Some(number) => match u64::try_from(number) {
                Ok(number) => visitor.visit_u64(number),
                Err(_) => visitor.visit_u128(number),
            },
        }
    }

    fn text<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Bool(flag) => visitor.visit_str(if *flag { "true" } else { "false" }),
            Value::Number(number) if !number.is_f64() => visitor.visit_str(&number.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }
}

macro_rules! each {
    ($how:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.$how(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Loose<'de> {
    type Error = Error;

    each! { integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
    deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 }

    each! { text: deserialize_str deserialize_string deserialize_identifier }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(list) => {
                let mut items = SeqDeserializer::new(list.iter().map(Loose));
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Null => visitor.visit_unit(),
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (.., Some(number)) => visitor.visit_f64(number),
                _ => Err(Error::custom(format_args!("{number} is no number of this format"))),
            },
            Value::Object(map) => {
                let fields = map.iter().map(|(key, value)| (key.as_str(), Loose(value)));
                let mut fields = MapDeserializer::new(fields);
                let value = visitor.visit_map(&mut fields)?;
                fields.end().map(|()| value)
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(map) => {
                let fields = map.iter().map(|(key, value)| (key.as_str(), Loose(value)));
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(fields)))
            }
            Value::String(name) => visitor.visit_enum(name.as_str().into_deserializer()),
            _ => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool f32 f64 char bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Loose<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::Loose;

    fn read<'a, T: Deserialize<'a>>(value: &'a Value) -> Result<T, String> {
        T::deserialize(Loose(value)).map_err(|error| error.to_string())
    }

    #[test]
    fn integers_beyond_2_53_may_be_strings_and_no_others() {
        assert_eq!(read(&json!("18446744073709551615")), Ok(u64::MAX));
        assert_eq!(read(&json!(u64::MAX)), Ok(u64::MAX));
        assert_eq!(read(&json!("340282366920938463463374607431768211455")), Ok(u128::MAX));
        for wrong in ["10", "9007199254740992", "018446744073709551615", "-9007199254740993", "x"] {
            assert!(read::<u64>(&json!(wrong)).unwrap_err().contains("string"), "{wrong}");
        }
        assert!(read::<u32>(&json!("9007199254740993")).unwrap_err().contains("9007199254740993"));
    }

    #[test]
    fn strings_may_go_without_quotes() {
        assert_eq!(read::<String>(&json!(12)), Ok("12".to_owned()));
        assert_eq!(read::<String>(&json!(true)), Ok("true".to_owned()));
        assert!(read::<String>(&json!(1.5)).is_err());
    }

    #[test]
    fn the_rest_is_read_as_it_stands() {
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum Sort {
            Plain,
            With { a: Option<u8> },
        }
        assert_eq!(read(&json!("plain")), Ok(Sort::Plain));
        assert_eq!(read(&json!({"with": {"a": null}})), Ok(Sort::With { a: None }));
        assert_eq!(read(&json!([1, [2]])), Ok((1_u8, [2_i64])));
        assert!(read::<(u8, u8)>(&json!([1, 2, 3])).is_err());
        assert!(read::<u8>(&json!(null)).unwrap_err().contains("unit"));
    }
}
