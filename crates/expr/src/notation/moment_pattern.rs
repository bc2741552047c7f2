//! Joda-Time's patterns of dates and times: `yyyy-MM-dd'T'HH:mm:ss.SSSZZ` (English, ISO calendar).
//!
//! Letters: y Y year, x year of the week, w week, M month, d day, D day of the year, e E day of the week, a half of the
//! day, K k h H hour, m minute, s second, S fraction, Z offset. Quoted text and everything that is no letter stands for
//! itself, `''` is a quote.

use regex::{Regex, escape};

pub const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const LETTERS: &str = "yYxwMdDeEaKhkHmsSZ";

/// A piece of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    Text(String),
    /// A letter and how often it is repeated.
    Field(char, usize),
}

/// What reads texts of a pattern: an expression with one group per field.
#[derive(Debug, Clone)]
pub struct Reader {
    pub expression: Regex,
    pub fields: Vec<(char, usize)>,
}

/// The pieces of a pattern, or what is wrong with it.
pub fn parse(pattern: &str) -> Result<Vec<Token>, String> {
    if pattern.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    let mut tokens = Vec::new();
    let mut letters = pattern.chars().peekable();
    while let Some(letter) = letters.next() {
        tokens.push(match letter {
            '\'' if letters.next_if_eq(&'\'').is_some() => Token::Text("'".to_owned()),
            '\'' => Token::Text(quoted(&mut letters)?),
            _ if letter.is_ascii_alphabetic() => {
                let mut count = 1;
                while letters.next_if_eq(&letter).is_some() {
                    count += 1;
                }
                field(letter, count)?
            }
            _ => Token::Text(letter.to_string()),
        });
    }
    Ok(tokens)
}

fn field(letter: char, count: usize) -> Result<Token, String> {
    match letter {
        _ if !LETTERS.contains(letter) => Err(format!("`{letter}` means nothing in a pattern; quote text as in 'T'")),
        'Z' if count > 2 => Err("names of time zones cannot be written; use Z or ZZ".to_owned()),
        _ if count > 64 => Err(format!("`{letter}` is repeated too often")),
        _ => Ok(Token::Field(letter, count)),
    }
}

fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if letters.next_if_eq(&'\'').is_some() => text.push('\''),
            '\'' => return Ok(text),
            _ => text.push(letter),
        }
    }
    Err("a quote is open".to_owned())
}

/// Numbers take as many digits as there are, next to another field exactly as many as letters.
pub fn reader(tokens: &[Token]) -> Result<Reader, String> {
    let (mut form, mut fields) = ("^".to_owned(), Vec::new());
    for (position, token) in tokens.iter().enumerate() {
        match token {
            Token::Text(text) => form += &escape(text),
            Token::Field(letter, count) => {
                let before_field = matches!(tokens.get(position + 1), Some(Token::Field(..)));
                form += &format!("({})", expected(*letter, *count, before_field)?);
                fields.push((*letter, *count));
            }
        }
    }
    form += "$";
    let expression = Regex::new(&form).map_err(|_| "the pattern cannot be read back".to_owned())?;
    Ok(Reader { expression, fields })
}

fn expected(letter: char, count: usize, before_field: bool) -> Result<String, String> {
    Ok(match (letter, count) {
        ('a', _) => "(?i:[ap]m)".to_owned(),
        ('Z', _) => "[+-][0-9]{2}:?[0-9]{2}".to_owned(),
        ('S', _) => format!("[0-9]{{{count}}}"),
        ('M', 3) => format!("(?i:{})", MONTHS.map(|name| &name[..3]).join("|")),
        ('M', 4..) => format!("(?i:{})", MONTHS.join("|")),
        // What century `yy` means would depend on the day on which it is asked.
        ('y', 2) => return Err("`yy` cannot be read back; write yyyy".to_owned()),
        _ if !"yMdDhHKkms".contains(letter) => return Err(format!("`{letter}` cannot be read back")),
        _ if before_field => format!("[0-9]{{{count}}}"),
        ('y', _) => "[0-9]{1,4}".to_owned(),
        ('D', _) => "[0-9]{1,3}".to_owned(),
        _ => "[0-9]{1,2}".to_owned(),
    })
}
