"""A contract that the pipeline could not keep is refused, with file, place, fault and fix, and all of it at once."""

from pathlib import Path

import pytest

from batch_etl.contracts.reader import read_contract
from batch_etl.errors import ConfigurationError
from tests.unit.gifts import GIFTS, written

# What stands in the contract | what stands there instead | what is said about it.
BROKEN = r"""
kind: DataContract | kind: {                                | not YAML:
kind: DataContract | kind: Pizza                            | kind: 'Pizza' is not supported; use DataContract
kind: DataContract | kind: DataContract, id: twice          | not YAML: mapping values are not allowed in this context
version: 1.0.0     | id: gifts                              | not YAML: 'id' is there twice
apiVersion: v3.1.0 | apiVersion: v9.0.0                        | apiVersion: 'v9.0.0' is not supported; use v3.1.0
apiVersion: v3.1.0 | 3: three                               | Keys should be strings
id: gifts          | ids: gifts                             | ids: unknown; known are version, kind,
id: gifts          | customProperties: [{property: a}]      | the document.customProperties[0]: 'a' is unknown; none is
schema:            | schema: 3                              | not YAML:
name: gifts        | name: presents                         | schema[0].name: 'presents' differs from the file's name
name: gifts        | name: gifts, quality: [{metric: rowCount}] | not YAML:
name: gifts        | quality: [{metric: rowCount}]          | schema[0].quality: not supported; use name,
name: gifts        | colour: red                            | schema[0].colour: the standard has no such field; is it
    properties:    | examples:                              | schema: must hold exactly one table with properties
server: raw        | server: old                            | servers: needs exactly one with server: raw and a path
data/raw/gift*.csv | null                                   | servers: needs exactly one with server: raw and a path
data/raw/gift*.csv | 'gift[12].csv'                         | servers[0].path: 'gift[12].csv' must end in a file's name
name: pieces       | name: CTID                             | schema[0].properties[3].name: 'CTID' is a column that every table
data/raw/gift*.csv | /srv/elsewhere/gift*.csv               | servers[0].path: '/srv/elsewhere/gift*.csv' lies where nobody looks
data/raw/gift*.csv | data/raw/gift*.csv.gz                  | servers[0].path: 'data/raw/gift*.csv.gz' names archives, which are known by what they hold; leave .gz out
data/raw/gift*.csv | /                                      | servers[0].path: '/' must end in a file's name; * and ?
format: csv}       | format: csv}, {server: raw, path: a}   | not YAML:
format: csv}       | format: csv, host: here}               | servers[0].host: not supported; use server, type, path,
format: csv}       | format: csv, schema: gifts}            | servers[0].schema: not supported; use server, type, path,
format: csv}       | format: csv, delimeter: ';'}           | servers[0].delimeter: the standard has no such field; is
type: local        | type: s3                               | servers[0].type: 's3' is not supported; use local
format: csv        | format: xml                            | servers[0].format: 'xml' is not supported; use csv, json
format: csv        | format: csv, encoding: utf-16          | servers[0].encoding: 'utf-16' is not supported; use utf-8,
format: csv        | format: csv, encoding: shift-jis       | servers[0].encoding: 'shift-jis' is not supported; use
format: csv        | format: csv, encoding: klingon         | servers[0].encoding: 'klingon' is not supported; use utf-8
format: csv        | format: csv, delimiter: ';;'           | servers[0].delimiter: ';;' must be one ASCII character
format: csv        | format: csv, delimiter: '\t'           | '\\t' must be one ASCII character, no letter, digit, quote, minus or line end; a tab is "\t"
format: csv        | format: csv, delimiter: ''             | servers[0].delimiter: '' must be one ASCII character, no
format: csv        | format: csv, delimiter: '"'            | servers[0].delimiter: '"' must be one ASCII character, no
format: csv        | format: csv, delimiter: "\n"           | servers[0].delimiter: '\n' must be one ASCII character
format: csv        | format: csv, delimiter: §              | servers[0].delimiter: '§' must be one ASCII character, no
format: csv        | format: csv, delimiter: a              | servers[0].delimiter: 'a' must be one ASCII character, no
format: csv        | format: csv, customProperties: [{property: preambleLines, value: -1}]      | preambleLines: -1 is not a
format: csv        | format: csv, customProperties: [{property: preambleLines, value: true}]    | preambleLines: True is not
format: csv        | format: csv, customProperties: [{property: decimalSeparator, value: ';'}]  | decimalSeparator: ';' is
format: csv        | format: csv, customProperties: [{property: quote}]   | 'quote' is unknown; use preambleLines, decimal
format: csv        | format: json, delimiter: ','           | servers[0].delimiter: has no meaning for json; leave it out
format: csv        | format: json, encoding: latin-1        | servers[0].encoding: 'latin-1' is not supported for json
format: csv        | format: json, customProperties: [{property: preambleLines, value: 1}]      | 'preambleLines' is unknown
name: pieces       | name: ''                               | properties[3].name: '' must start with a letter, and hold
name: pieces       | name: _batch_id                        | properties[3].name: '_batch_id' must start with a letter
name: pieces       | name: Stück                            | properties[3].name: 'Stück' must start with a letter, and
name: pieces       | name: gift_id                          | properties[3].name: 'gift_id' is there twice
name: pieces       | name: GIFT_ID                          | properties[3].name: 'GIFT_ID' is there twice
name: pieces       | name: pieces, unique: true             | properties[3].unique: not supported; use name, logicalType
name: pieces       | name: pieces, requird: true            | properties[3].requird: the standard has no such field; is
name: pieces       | name: pieces, required: perhaps        | schema.0.properties.3.required: Input should be a valid
name: pieces       | name: pieces, classification: secret   | classification: 'secret' is not supported; use public
name: pieces       | name: pieces, primaryKeyPosition: 3    | properties[3].primaryKeyPosition: needs primaryKey: true
Type: integer,     | Type: money,                           | properties[3].logicalType: 'money' is not supported; use
Type: integer}     | Type: ''}                              | properties[3].physicalType: '' is not supported; use small
Type: integer}     | Type: int8}                            | properties[3].physicalType: 'int8' is not supported; use
Type: text,        | Type: varchar(20),                     | properties[0].physicalType: 'varchar(20)' is not supported
numeric(12,2)      | numeric                                | properties[2].physicalType: 'numeric' must say its digits
numeric(12,2)      | numeric(2,12)                          | properties[2].physicalType: 'numeric(2,12)' must say its
numeric(12,2)      | numeric(39,2)                          | 'numeric(39,2)' must say its digits, 38 at most, such as
Type: integer}     | Type: integer, customProperties: [{property: normalize, value: [trim]}]}  | 'normalize' is unknown; use
Type: integer}     | Type: integer, customProperties: [{property: normalise, value: trim}]}    | normalise: must be a list
Type: integer}     | Type: integer, customProperties: [{property: normalise, value: [shout]}]} | normalise: 'shout' is not
Type: integer}     | Type: integer, customProperties: [{property: normalise, value: [trim, trim]}]}   | names a step twice
Type: integer}     | Type: integer, customProperties: [{property: normalise, value: [upper, lower]}]} | or both upper and
Type: integer}     | Type: integer, customProperties: [{property: normalise}, {property: normalise}]} | there twice
{format: yyyy-MM-dd | {minLength: 10                        | properties[4].logicalTypeOptions.format: must say how a
{format: yyyy-MM-dd | {format: 5                            | properties[4].logicalTypeOptions.format: must say how a
format: yyyy-MM-dd | format: yyyy-MM                        | 'yyyy-MM': a date needs yyyy, MM and dd, and nothing else
format: yyyy-MM-dd | format: 'yyyy-MM-dd HH'                | a date needs yyyy, MM and dd, and nothing else
format: yyyy-MM-dd | format: yyyy-MM-dd-MM                  | 'yyyy-MM-dd-MM': names a field twice
format: yyyy-MM-dd | format: d.M.yyyy                       | 'd' is not supported; use yyyy, MM, dd, HH, mm, ss, text in
format: yyyy-MM-dd | format: 'yyyy[-MM-dd]'                 | '[' has no meaning there; put text into single quotes
format: yyyy-MM-dd | format: "yyyy'-MM-dd"                  | "'" has no meaning there; put text into single quotes
Type: date, physicalType: date, | Type: timestamp, physicalType: timestamptz, | a timestamp needs yyyy, MM, dd and HH, then
Type: text,        | Type: text, logicalTypeOptions: {pattern: '('},      | pattern: '(': Invalid regular expression: missing
Type: text,        | Type: text, logicalTypeOptions: {pattern: '(?=a)'},  | pattern: '(?=a)': Invalid regular expression
Type: text,        | Type: text, logicalTypeOptions: {pattern: 3},        | pattern: 3: is not text; put it into quotes
Type: integer}     | Type: integer, logicalTypeOptions: {pattern: '1'}}   | pattern: not supported for integer; use minimum
Type: text,        | Type: text, logicalTypeOptions: {maxLenght: 4},      | maxLenght: not supported for text; use pattern,
Type: text,        | Type: text, logicalTypeOptions: {maxLength: four},   | maxLength: 'four' is not a whole number
Type: text,        | Type: text, logicalTypeOptions: {minLength: -1},     | minLength: '-1' is not a whole number
Type: text,        | Type: text, logicalTypeOptions: {minLength: 5, maxLength: 4}, | maxLength: 4 is below the minLength 5
Type: text,        | Type: text, logicalTypeOptions: {minimum: a},        | minimum: not supported for text; use pattern
Type: integer, physicalType: integer} | Type: boolean, physicalType: boolean, logicalTypeOptions: {minimum: 0}} | use none
Type: integer}     | Type: integer, logicalTypeOptions: {minimum: few}}   | minimum: 'few' is no integer; write it like 12
Type: integer}     | Type: integer, logicalTypeOptions: {maximum: 2147483648}} | maximum: '2147483648' is no integer
Type: integer}     | Type: integer, logicalTypeOptions: {maximum: 1.5}}   | maximum: '1.5' is no integer; write it like 12
Type: integer}     | Type: integer, logicalTypeOptions: {minimum: 10, maximum: 9}}  | maximum: '9' is below the minimum '10'
(12,2)"}           | (12,2)", logicalTypeOptions: {maximum: 0.005}}       | maximum: '0.005' is no numeric(12,2); write it like
(12,2)"}           | (12,2)", logicalTypeOptions: {maximum: "1,5"}}       | maximum: '1,5' is no numeric(12,2); write it like
numeric(12,2)"}    | numeric(12,0)", logicalTypeOptions: {maximum: 1.5}}  | maximum: '1.5' is no numeric(12,0); write it like 12
format: yyyy-MM-dd | format: yyyy-MM-dd, minimum: soon      | logicalTypeOptions.minimum: 'soon' is no date; write it like
format: yyyy-MM-dd | format: dd/MM/yyyy, minimum: 01/02/2025 | minimum: '01/02/2025' is no date; write it like yyyy-MM-dd
format: yyyy-MM-dd | format: yyyy-MM-dd, minimum: 2025-02-30 | not YAML: day is out of range for month
format: yyyy-MM-dd | format: yyyy-MM-dd, minimum: 2025-02-02, maximum: 2025-02-01 | '2025-02-01' is below the minimum
Type: integer}     | Type: integer, quality: [{metric: rowCount}]}        | quality[0].metric: 'rowCount' is not supported; use
Type: integer}     | Type: integer, quality: [{type: sql, query: q}]}    | quality[0].query: not supported; use type, name, metric
Type: integer}     | Type: integer, quality: [{type: sql}]}               | quality[0].type: 'sql' is not supported; use library
Type: integer}     | Type: integer, quality: [{metric: nullValues}]}      | quality[0].mustBe: must be 0: every record is
Type: integer}     | Type: integer, quality: [{metric: nullValues, mustBe: 0, severity: fatal}]} | 'fatal' is not supported; use
Type: integer}     | Type: integer, quality: [{metric: nullValues, mustBe: 0, severity: warning}]} | only validValues, in a rule
Type: integer}     | Type: integer, quality: [{metric: nullValues, mustBe: 0}, {metric: nullValues, mustBe: 0}]} | says again
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0}]} | arguments: needs validValues or a pattern
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {min: 3}}]} | min: not supported for
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: 3}}]} | must be a list
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: []}}]} | must be a list
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [no]}}]} | False is not text
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [1, 1]}}]} | a value twice
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [a]}}]} | 'a' is no integer
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: ['01']}}]} | '01' stands for 1; write
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {pattern: '['}}]} | quality: '[': Invalid
Type: integer}     | Type: integer, quality: [{metric: invalidValues, mustBe: 0, arguments: {pattern: '^a$'}}]} | a pattern is not supported
Type: text,        | Type: text, logicalTypeOptions: {pattern: a}, quality: [{metric: invalidValues, mustBe: 0, arguments: {pattern: b}}], | another one; keep one
Type: text,        | Type: text, logicalTypeOptions: {pattern: 'a+'}, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [ab]}}], | 'ab' does not match the pattern; no record could hold it
Type: text,        | Type: text, logicalTypeOptions: {minLength: 3}, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [ab]}}], | 'ab' is shorter than 3; no
Type: text,        | Type: text, logicalTypeOptions: {maxLength: 1}, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [ab]}}], | 'ab' is longer than 1; no
Type: text,        | Type: text, customProperties: [{property: normalise, value: [upper]}], quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [ab]}}], | 'ab' becomes 'AB' by upper; no
Type: integer, physicalType: integer} | Type: boolean, physicalType: boolean, quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: [ja]}}]} | 'ja' is no boolean; no
(12,2)"}           | (12,2)", quality: [{metric: invalidValues, mustBe: 0, arguments: {validValues: ["1.5"]}}]} | use limits for decimal
primaryKey: true   | deprecated: true                       | at least one required property must have primaryKey: true
required: true     | required: false                        | at least one required property must have primaryKey: true
KeyPosition: 1     | KeyPosition: 2                         | several properties have primaryKey: true; give each a
[given_on]         | [given_at]                             | versionOrder: 'given_at' is not a property of this table
[given_on]         | [given_on, given_on]                   | versionOrder: 'given_on' is there twice
[given_on]         | given_on                               | versionOrder: must be a list of properties
versionOrder       | versionsOrder                          | 'versionsOrder' is unknown; use versionOrder, ledgerAmount
value: price_usd   | value: pieces                          | ledgerAmount: 'pieces' is not a number with two decimals
numeric(12,2)      | numeric(19,2)                          | 'price_usd' is not a number with two decimals and 18 digits
value: price_usd   | value: [price_usd]                     | ledgerAmount: ['price_usd'] is not a number with two
ledgerAmount, value: price_usd | driftPolicy, value: shrug  | driftPolicy: 'shrug' is not supported; use freeze, evolve
ledgerAmount, value: price_usd | onRefusedFile, value: shrug | onRefusedFile: 'shrug' is not supported; use continue, stop
Type: integer}     | Type: integer, relationships: [{to: givers}]}        | relationships: to: must read <dataset>.
Type: integer}     | Type: integer, relationships: [{to: [a.b, c.d]}]}    | relationships: to: must read <dataset>.
Type: integer}     | Type: integer, relationships: [{to: a.b, from: c}]}  | relationships.from: not supported; use type, to
Type: integer}     | Type: integer, relationships: [{to: a.b, type: x}]}  | relationships.type: 'x' is not supported; use foreign
Type: integer}     | Type: integer, relationships: [{to: a.b}, {to: c.d}]} | a column refers to one other column; keep one
"""  # noqa: E501 - a table reads better whole


@pytest.mark.parametrize("case", BROKEN.strip().splitlines())
def test_a_broken_contract_is_refused_with_file_place_and_fix(tmp_path: Path, case: str) -> None:
    right, wrong, complaint = (part.strip() for part in case.split("|"))
    assert right in GIFTS
    file = written(tmp_path, GIFTS.replace(right, wrong))

    with pytest.raises(ConfigurationError) as refusal:
        read_contract(file)

    assert str(refusal.value).startswith(f"{file}: ")
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("Type: money", "boolean (column pieces); the rest of the column is checked once this is mended"),
        ("Type: integer, requird: true", "is it misspelt? (column pieces)"),
        ("Type: integer, required: perhaps", "unable to interpret input (column pieces); the rest of the file"),
        ("Type: integer, unique: true", "relationships, customProperties (column pieces)"),
    ],
)
def test_a_fault_of_a_column_names_it(tmp_path: Path, wrong: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        read_contract(written(tmp_path, GIFTS.replace("Type: integer", wrong, 1)))

    assert told in str(refusal.value)
    unnamed = GIFTS.replace("name: pieces, ", "").replace("Type: integer", wrong, 1)
    with pytest.raises(ConfigurationError) as refusal:
        read_contract(written(tmp_path, unnamed))
    assert "(column" not in str(refusal.value)


def test_every_fault_of_a_contract_is_told_at_once(tmp_path: Path) -> None:
    spoilt = GIFTS.replace("format: csv", "format: csv, delimiter: ';;'").replace("[given_on]", "[given_at]")
    spoilt = spoilt.replace("numeric(12,2)", "numeric")
    file = written(tmp_path, spoilt.replace("logicalType: integer", "logicalType: money"))

    with pytest.raises(ConfigurationError) as refusal:
        read_contract(file)

    # Whether the amount is one cannot be told of a column that is not understood.
    assert [fault.removeprefix(f"{file}: ").split(": ")[0] for fault in refusal.value.faults] == [
        "servers[0].delimiter",
        "schema[0].properties[2].physicalType",
        "schema[0].properties[3].logicalType",
        "schema[0].customProperties.versionOrder",
    ]
    assert str(refusal.value).splitlines() == list(refusal.value.faults)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("# gifts", "empty"),
        ("- schema", "holds no fields with values"),
        ("schema", "holds no fields with values"),
    ],
)
def test_a_file_that_holds_no_document_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"the document: {fault}; the rest of the file is checked once this is"
    ):
        read_contract(written(tmp_path, text))


@pytest.mark.parametrize(
    ("right", "wrong", "hidden"),
    [
        ("kind: DataContract", "kind: {", "the rest of the file"),
        ("id: gifts", "ids: gifts", "the rest of the file"),
        ("    properties:", "    examples:", "the table"),
        ("logicalType: integer", "logicalType: money", "the rest of the column"),
    ],
)
def test_a_fault_behind_which_there_may_be_others_says_so(tmp_path: Path, right: str, wrong: str, hidden: str) -> None:
    with pytest.raises(ConfigurationError, match=f"; {hidden} is checked once this is mended"):
        read_contract(written(tmp_path, GIFTS.replace(right, wrong)))


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "gifts.odcs.yaml"
    file.write_bytes(GIFTS.replace("gifts", "gifts\xe9").encode("latin-1"))

    with pytest.raises(ConfigurationError, match="not YAML: 'utf-8' codec can't decode byte 0xe9"):
        read_contract(file)


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("my gifts", "'my gifts' must start with a letter, and hold small letters, digits and _ only"),
        ("Gifts", "'Gifts' must start with a letter, and hold small letters, digits and _ only"),
        ("gifts_" * 6, f"'{'gifts_' * 6}' is longer than 32 characters; shorten it"),
    ],
)
def test_a_name_that_no_table_could_have_is_refused(tmp_path: Path, name: str, fault: str) -> None:
    file = tmp_path / f"{name}.odcs.yaml"
    file.write_text(GIFTS.replace("name: gifts", f"name: {name}"), encoding="utf-8")

    with pytest.raises(ConfigurationError, match=fault):
        read_contract(file)
