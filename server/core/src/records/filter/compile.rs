//! Compiles a checked filter to SQL. Every value is bound; names come from stored definitions. A condition that does
//! not hold may be NULL, which negation treats as false.

use serde_json::Value as Json;

use super::{
    super::{column::Column, sql::Sql},
    Area, Compare, Filter, Leaf, Operand, Test,
};
use crate::{
    access::visibility::{Of, Visible},
    ports::store::Value,
    schema::{
        Kind, Order,
        index::{AFTER_ALL_TEXT, Expressions, KEY_CHARS},
    },
};

/// Appends the filter as one condition on the table `records`. A relation to a record that is not `visible` fulfils no
/// condition.
pub fn filter(sql: &mut Sql, filter: &Filter, visible: &Visible) {
    match filter {
        Filter::And(parts) => joined(sql, parts, " AND ", visible),
        Filter::Or(parts) => joined(sql, parts, " OR ", visible),
        Filter::Not(part) => {
            sql.push("(");
            self::filter(sql, part, visible);
            sql.push(") IS NOT TRUE");
        }
        Filter::Leaf(leaf) => self::leaf(sql, leaf, visible),
    }
}

fn joined(sql: &mut Sql, parts: &[Filter], word: &str, visible: &Visible) {
    sql.push("(");
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            sql.push(word);
        }
        filter(sql, part, visible);
    }
    sql.push(")");
}

fn leaf(sql: &mut Sql, leaf: &Leaf, visible: &Visible) {
    sql.push("(");
    match &leaf.through {
        None => test(sql, &leaf.column, &leaf.test, "records"),
        Some((relation, target)) => {
            sql.push("EXISTS (SELECT 1 FROM records o WHERE o.id = ")
                .push(&Expressions::of("records", relation.plain()))
                .push(" AND o.deleted_at IS NULL");
            visible.restrict(sql, Of::Type(&target.name), "o");
            sql.push(" AND ");
            test(sql, &leaf.column, &leaf.test, "o");
            sql.push(")");
        }
    }
    sql.push(if leaf.negated { ") IS NOT TRUE" } else { ")" });
}

fn place(sql: &mut Sql, operand: &Operand) -> String {
    match operand {
        Operand::Text(text) => sql.place(text.as_str()),
        Operand::Number(number) | Operand::Money { amount: number, .. } => sql.place(*number),
    }
}

/// The column's expression with another table name.
fn of(column: &Column, expression: &str, table: &str) -> String {
    match column {
        Column::Envelope(_) => expression.replace("records.", &format!("{table}.")),
        Column::Field(_) => Expressions::of(table, expression),
    }
}

/// Whether the text is its own sort key, so that comparing keys compares the texts.
fn is_whole_key(text: &str) -> bool {
    text != AFTER_ALL_TEXT && (text.len() < KEY_CHARS || text.chars().count() < KEY_CHARS)
}

fn test(sql: &mut Sql, column: &Column, test: &Test, table: &str) {
    let of = |expression: &str| of(column, expression, table);
    let sort = of(column.sort());
    // True for a value that is not empty, in the form of a range that the index can use.
    let present = match column.last() {
        Some(last) => format!(" AND {sort} < {last}"),
        None => String::new(),
    };
    match test {
        Test::Compare(compare, operand) => {
            let value = place(sql, operand);
            let text = match compare {
                _ if matches!(operand, Operand::Text(text) if !is_whole_key(text)) => {
                    format!("{} {} {value}", of(column.plain()), compare.sign())
                }
                Compare::Eq => format!("{} = {value}", of(column.equality())),
                Compare::Lt => format!("{sort} < {value}"),
                Compare::Lte => format!("{sort} <= {value}{present}"),
                Compare::Gt => format!("{sort} > {value}{present}"),
                Compare::Gte => format!("{sort} >= {value}{present}"),
            };
            sql.push("(").push(&text);
            if let Operand::Money { currency, .. } = operand {
                currency_is(sql, column, currency, table);
            }
            sql.push(")");
        }
        Test::Period(compare, period) => {
            // Only used values are bound, because the number of parameters is limited.
            let text = match compare {
                Compare::Eq => format!(
                    "({sort} >= {} AND {sort} < {})",
                    sql.place(period.start),
                    sql.place(period.end)
                ),
                Compare::Lt => format!("({sort} < {})", sql.place(period.start)),
                Compare::Lte => format!("({sort} < {})", sql.place(period.end)),
                Compare::Gt => format!("({sort} >= {}{present})", sql.place(period.end)),
                Compare::Gte => format!("({sort} >= {}{present})", sql.place(period.start)),
            };
            sql.push(&text);
        }
        Test::In(operands) => is_in(sql, column, operands, table),
        Test::Contains(text) => {
            let text = sql.place(text.as_str());
            sql.push(&format!("instr({}, {text}) > 0", of(column.plain())));
        }
        Test::StartsWith(prefix) => {
            let from = sql.place(prefix.as_str());
            let sort = if is_whole_key(prefix) {
                sort.clone()
            } else {
                of(column.plain())
            };
            match after_prefix(prefix) {
                Some(to) => {
                    let to = sql.place(to);
                    sql.push(&format!("({sort} >= {from} AND {sort} < {to}{present})"));
                }
                None => {
                    sql.push(&format!("({sort} >= {from}{present})"));
                }
            }
        }
        Test::NotEmpty => {
            let plain = of(column.plain());
            let present = match column.last().filter(|_| column.order() == Order::Folded) {
                // An earlier program stored white space as a text. Its sort key is that of an empty value.
                Some(last) => format!("{plain} < {last}"),
                None => format!("{plain} IS NOT NULL"),
            };
            sql.push(&present);
        }
        Test::HasAny(values) => {
            let entries = entries(column, table);
            sql.push(&format!(
                "EXISTS (SELECT 1 FROM {entries} e WHERE e.value IN "
            ))
            .bind_list(values)
            .push(")");
        }
        Test::HasAll(values) => {
            let wanted = sql.place(Json::Array(values.clone()).to_string());
            let (entries, plain) = (entries(column, table), of(column.plain()));
            sql.push(&format!("({plain} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM json_each({wanted}) w WHERE w.value NOT IN (SELECT value FROM {entries})))"));
        }
        Test::Within(area) => within(sql, column, area, table),
    }
}

fn name(column: &Column) -> &str {
    match column {
        Column::Field(field) => &field.name,
        Column::Envelope(_) => "",
    }
}

fn currency_is(sql: &mut Sql, column: &Column, currency: &str, table: &str) {
    sql.push(&format!(
        " AND {table}.data ->> '$.{}.currency' = ",
        name(column)
    ))
    .bind(currency);
}

fn entries(column: &Column, table: &str) -> String {
    let name = name(column);
    match column.kind() {
        // The entries as they are compared, if that form differs from the stored one.
        Kind::MultiSelect => {
            format!("json_each(coalesce({table}.keys -> '$.{name}', {table}.data -> '$.{name}'))")
        }
        _ => format!("json_each({table}.data, '$.{name}')"),
    }
}

fn is_in(sql: &mut Sql, column: &Column, operands: &[Operand], table: &str) {
    let of = |expression: &str| of(column, expression, table);
    let currencies: Vec<&str> = operands
        .iter()
        .filter_map(|operand| {
            if let Operand::Money { currency, .. } = operand {
                Some(currency.as_str())
            } else {
                None
            }
        })
        .collect();
    if currencies.is_empty() {
        let values: Vec<Json> = operands
            .iter()
            .map(|operand| match operand {
                Operand::Text(text) => text.as_str().into(),
                Operand::Number(number) | Operand::Money { amount: number, .. } => (*number).into(),
            })
            .collect();
        // The expression is NULL for an empty value, so it equals nothing.
        let expression = if operands
            .iter()
            .any(|operand| matches!(operand, Operand::Text(text) if !is_whole_key(text)))
        {
            column.plain()
        } else {
            column.equality()
        };
        sql.push(&of(expression)).push(" IN ").bind_list(&values);
        return;
    }
    let pairs: Vec<Json> = operands
        .iter()
        .filter_map(|operand| {
            if let Operand::Money { amount, currency } = operand {
                Some(format!("{amount} {currency}").into())
            } else {
                None
            }
        })
        .collect();
    sql.push(&format!(
        "({} || ' ' || ({table}.data ->> '$.{}.currency')) IN ",
        of(column.plain()),
        name(column)
    ))
    .bind_list(&pairs);
}

fn within(sql: &mut Sql, column: &Column, area: &Area, table: &str) {
    let field = name(column);
    match *area {
        Area::Box {
            south,
            west,
            north,
            east,
        } => {
            let latitude = format!("{table}.data ->> '$.{field}.latitude'");
            let longitude = format!("{table}.data ->> '$.{field}.longitude'");
            let [south, west, north, east] =
                [south, west, north, east].map(|degrees| sql.place(Value::Real(degrees)));
            let word = if matches!(area, Area::Box { west, east, .. } if west <= east) {
                "AND"
            } else {
                "OR"
            };
            sql.push(&format!("({latitude} >= {south} AND {latitude} <= {north} AND ({longitude} >= {west} {word} {longitude} <= {east}))"));
        }
        Area::Circle {
            center,
            chord_squared,
        } => {
            let mut sum = String::new();
            for (index, coordinate) in center.into_iter().enumerate() {
                let place = sql.place(Value::Real(coordinate));
                let difference = format!("(({table}.keys ->> '$.{field}[{index}]') - {place})");
                sum.push_str(if index > 0 { " + " } else { "" });
                sum.push_str(&format!("{difference} * {difference}"));
            }
            let most = sql.place(Value::Real(chord_squared));
            sql.push(&format!("{sum} <= {most}"));
        }
    }
}

/// The smallest text that is greater than every text with this prefix.
pub fn after_prefix(prefix: &str) -> Option<String> {
    let mut kept = prefix;
    while let Some(last) = kept.chars().next_back() {
        kept = &kept[..kept.len() - last.len_utf8()];
        let next = match last {
            '\u{D7FF}' => Some('\u{E000}'),
            char::MAX => None,
            other => char::from_u32(u32::from(other) + 1),
        };
        if let Some(next) = next {
            return Some(format!("{kept}{next}"));
        }
    }
    None
}
