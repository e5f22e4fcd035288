//! The types that every tenant has, parsed once from the schemas that the contract marks as record types.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, OnceLock},
};

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::{Definition, Field, ObjectType, index, names, slots};
use crate::ports::store::Rows;

/// The built-in types. Fails only if the contract is inconsistent, which a test rules out.
pub fn types() -> Result<&'static [Arc<ObjectType>], String> {
    static TYPES: OnceLock<Result<Vec<Arc<ObjectType>>, String>> = OnceLock::new();
    let types = TYPES.get_or_init(|| {
        crate::contract::record_types()
            .map(|(name, schema)| parse(name, schema))
            .collect()
    });
    types.as_deref().map_err(Clone::clone)
}

/// The statements for what every tenant's database needs besides its tables: the slot values of records of built-in
/// types, and the indexes. They can be repeated, but take long in a tenant with many records. A host runs them when it
/// makes a tenant, and when it opens one that was made with other statements.
pub fn index_statements() -> Vec<String> {
    let types = types().unwrap_or_default();
    let filled = types
        .iter()
        .filter_map(|object_type| slots::fill(object_type));
    let single = types.iter().flat_map(|object_type| {
        let fields = object_type.fields.values();
        fields.flat_map(|field| index::create_of_field(&object_type.name, field))
    });
    let compound = index::create_compounds(types.iter().map(Arc::as_ref));
    filled.chain(single).chain(compound).collect()
}

/// The indexes over a tenant's records: their names and SQL, as SQLite stores them.
pub const INDEXES: &str = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'records' AND sql IS NOT NULL";

/// The statements that update a tenant's database to [`index_statements`]. `there` are the rows of [`INDEXES`]. First
/// they drop built-in indexes with another definition, and indexes that types of an older program shared. Unique
/// indexes over the tenant's own text fields are made again if an older program made them.
pub fn index_changes(there: &Rows) -> Vec<String> {
    let wanted = index_statements();
    let mut changes = outdated(&wanted, there);
    let own = named(there)
        .filter(|(name, _)| !wanted.iter().any(|sql| index::name_of(sql) == Some(name)));
    changes.extend(
        own.filter_map(|(name, sql)| index::renewed_unique(name, sql))
            .flatten(),
    );
    changes.extend(wanted);
    changes
}

/// The name and the SQL of each index.
fn named(there: &Rows) -> impl Iterator<Item = (&str, &str)> {
    there
        .iter()
        .filter_map(|row| Some((row.first()?.as_str()?, row.get(1)?.as_str()?)))
}

fn outdated(wanted: &[String], there: &Rows) -> Vec<String> {
    let wanted: BTreeMap<&str, String> = wanted
        .iter()
        .filter_map(|sql| Some((index::name_of(sql)?, index::kept(sql))))
        .collect();
    named(there)
        .filter(|(name, sql)| match wanted.get(name) {
            Some(wanted) => wanted != sql,
            None => index::is_shared(name),
        })
        .map(|(name, _)| index::drop_named(name))
        .collect()
}

/// A hash of [`index_statements`] and of the form of the tenants' own unique indexes. A database stores it, and it
/// differs when they change.
pub fn indexes_mark() -> u64 {
    let mut hasher = DefaultHasher::new();
    index_statements().hash(&mut hasher);
    index::unique_form().hash(&mut hasher);
    hasher.finish()
}

/// A sentence that the contract adds to the description of each schema. It is no part of the type's description.
const STOCK_SENTENCE: &str = " The tenant's own fields stand beside these.";

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    description: String,
    #[serde(default, rename = "x-record-label")]
    label: Labels,
    #[serde(default, rename = "x-record-indexes")]
    indexes: Vec<Vec<String>>,
    /// In the contract's order.
    #[serde(default)]
    properties: IndexMap<String, Value>,
}

#[derive(Default, Deserialize)]
struct Labels {
    one: Option<String>,
    many: Option<String>,
}

/// Parses a type from its schema in the contract: `x-record-label`, `x-record-indexes`, and `x-field` of each property.
pub fn parse(name: &str, schema: &str) -> Result<Arc<ObjectType>, String> {
    let wrong = |what: &str| format!("the built-in type {name}: {what}");
    let schema: Written =
        serde_json::from_str(schema).map_err(|error| wrong(&error.to_string()))?;
    let label = |label: Option<String>| label.unwrap_or_else(|| name.to_owned());
    let mut fields = IndexMap::with_capacity(schema.properties.len());
    for (field_name, property) in &schema.properties {
        let Some(definition) = property.get("x-field") else {
            return Err(wrong(&format!("{field_name} has no x-field")));
        };
        if !names::is_name(field_name) || names::is_reserved_field(field_name) {
            return Err(wrong(&format!("{field_name} is no name of a field")));
        }
        let mut definition: Definition = serde_json::from_value(definition.clone())
            .map_err(|error| wrong(&format!("{field_name}: {error}")))?;
        if definition.help.is_none() {
            definition.help = property
                .get("description")
                .and_then(Value::as_str)
                .map(str::to_owned);
        }
        let field = Field::new(field_name, definition, true);
        fields.insert(field_name.clone(), Arc::new(field));
    }
    let mut object_type = ObjectType {
        name: name.to_owned(),
        label: label(schema.label.one),
        plural_label: label(schema.label.many),
        description: Some(schema.description.replace(STOCK_SENTENCE, "")),
        built_in: true,
        fields,
        indexes: schema.indexes,
        hidden: Default::default(),
        version: 0,
        created_at: 0,
        updated_at: 0,
    };
    slots::give_out(&mut object_type);
    Ok(Arc::new(object_type))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ports::store::Statement, testing::Memory};

    fn there(store: &Memory) -> Rows {
        store.run(&Statement::new(INDEXES, []))
    }

    fn run(store: &Memory, statements: impl IntoIterator<Item = String>) {
        for sql in statements {
            store.run(&Statement::new(sql, []));
        }
    }

    #[test]
    fn indexes_that_are_as_they_have_to_be_stay() {
        let store = Memory::new(&[]);
        run(&store, index_changes(&there(&store)));
        assert_eq!(outdated(&index_statements(), &there(&store)), [""; 0]);
    }

    #[test]
    fn an_index_that_is_another_under_its_name_is_replaced() {
        let store = Memory::new(&[]);
        run(&store, index_statements());
        let wanted = there(&store);
        let name = |row: &Vec<crate::ports::store::Value>| row[0].as_str().unwrap().to_owned();
        let unique = wanted.iter().map(name).find(|name| name.starts_with("u."));
        let shared = wanted.iter().map(name).find(|name| name.contains(':'));
        let other = [unique.unwrap(), shared.unwrap()].map(|name| {
            [
                format!("DROP INDEX \"{name}\""),
                format!("CREATE INDEX \"{name}\" ON records (created_by)"),
            ]
        });
        run(&store, other.concat());
        assert_ne!(there(&store), wanted);
        run(&store, index_changes(&there(&store)));
        let sorted = |mut rows: Rows| {
            rows.sort_by_key(name);
            rows
        };
        assert_eq!(sorted(there(&store)), sorted(wanted));
    }

    #[test]
    fn what_types_shared_before_goes_and_a_tenant_s_own_stays() {
        let store = Memory::new(&[]);
        run(&store, index_statements());
        let wanted = there(&store).len();
        let own = "CREATE INDEX \"i.contact.loyalty\" ON records (data ->> '$.loyalty') WHERE type = 'contact'";
        let shared = "CREATE INDEX \"c.key_0:gone\" ON records (type, key_0) WHERE (type = 'gone')";
        run(&store, [own.to_owned(), shared.to_owned()]);
        assert_eq!(
            outdated(&index_statements(), &there(&store)),
            ["DROP INDEX IF EXISTS \"c.key_0:gone\""]
        );
        run(&store, index_changes(&there(&store)));
        assert_eq!(there(&store).len(), wanted + 1);
    }
}
