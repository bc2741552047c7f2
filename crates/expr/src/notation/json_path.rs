//! Paths into JSON (RFC 9535), of names, places and `*`: `$.a['b c'][0].*`.

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Name(String),
    /// Negative counts from the end.
    Place(i64),
    Every,
}

/// None where the text is no such path.
pub fn parse(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = match rest.strip_prefix('.') {
            Some(member) => member_step(member)?,
            None => bracket_step(rest.strip_prefix('[')?)?,
        };
        steps.push(step);
        rest = after;
    }
    Some(steps)
}

fn member_step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some((Step::Every, rest));
    }
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is_name = name.chars().next().is_some_and(|first| !first.is_numeric());
    is_name.then(|| (Step::Name(name.to_owned()), rest))
}

fn bracket_step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix("*]") {
        return Some((Step::Every, rest));
    }
    if let Some(quote) = text.chars().next().filter(|first| matches!(first, '\'' | '"')) {
        return quoted_step(&text[1..], quote);
    }
    let (place, rest) = text.split_once(']')?;
    let digits = place.strip_prefix('-').unwrap_or(place);
    let is_place = digits == "0" || (!digits.starts_with('0') && !digits.is_empty());
    let is_place = is_place && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_place.then(|| place.parse().ok()).flatten().map(|place| (Step::Place(place), rest))
}

fn quoted_step(text: &str, quote: char) -> Option<(Step, &str)> {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((position, letter)) = letters.next() {
        match letter {
            _ if letter == quote => return Some((Step::Name(name), text[position + 1..].strip_prefix(']')?)),
            '\\' => name.push(letters.next().map(|(_, escaped)| escaped).filter(|escaped| *escaped == quote)?),
            _ => name.push(letter),
        }
    }
    None
}
