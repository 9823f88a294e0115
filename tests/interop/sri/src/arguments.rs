//! `ROLE --name=value ...`

use std::collections::HashMap;
use std::str::FromStr;

use crate::report::Outcome;

pub struct Arguments {
    pub role: String,
    options: HashMap<String, String>,
}

impl Arguments {
    pub fn of_process() -> Arguments {
        let mut words = std::env::args().skip(1);
        let role = words.next().unwrap_or_default();
        let options = words
            .filter_map(|word| {
                let (name, value) = word.strip_prefix("--")?.split_once('=')?;
                Some((name.to_string(), value.to_string()))
            })
            .collect();
        Arguments { role, options }
    }

    pub fn text(&self, name: &str) -> Outcome<&str> {
        let value = self.options.get(name).ok_or_else(|| format!("--{name}=... is missing"))?;
        Ok(value)
    }

    pub fn number<T: FromStr>(&self, name: &str) -> Outcome<T> {
        let value = self.text(name)?;
        value.parse().map_err(|_| format!("--{name}={value} is no number"))
    }
}
