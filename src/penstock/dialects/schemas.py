"""Where words stand in a JSON schema: what it describes, allows and gives as examples. Knows no dialect.

Names of members are words too, in ``properties`` as in ``required``: what is hidden in one must be hidden in the other.
"""

from penstock.core.finding import Matter
from penstock.core.tree import JsonForm, Node
from penstock.dialects.walked import Walk, leaves, members, names, nothing, under, values, words

_DEFINED = under(Matter.DEFINITION, leaves)
_SAID = under(Matter.DEFINITION, words)
_NAMES = under(Matter.NAME, leaves)

# JSON Schema 2020-12 with its forerunners, OpenAPI's additions, and the order of members that Gemini takes.
_PLAIN = names(
    "type format $ref ref $dynamicRef $schema $id $anchor $dynamicAnchor $vocabulary nullable deprecated readOnly "
    "writeOnly minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems "
    "uniqueItems minContains maxContains minProperties maxProperties contentEncoding contentMediaType discriminator "
    "min_length max_length min_items max_items min_properties max_properties strict"
)


def schema(walk: Walk, node: Node, matter: Matter) -> None:
    """A schema, or a list of them; ``true`` and ``false`` are schemas that say nothing."""
    if node.form is JsonForm.LIST:
        for one in node.items:
            schema(walk, one, matter)
    elif node.form is JsonForm.OBJECT:
        _members(walk, node, Matter.DEFINITION)
    else:
        words(walk, node, Matter.DEFINITION)


_NAMED = values(schema)
_members = members(
    {
        **dict.fromkeys(("description", "title", "$comment", "pattern"), _SAID),
        **dict.fromkeys(("enum", "const", "default", "examples", "example"), _DEFINED),
        **dict.fromkeys(("properties", "patternProperties", "$defs", "definitions", "dependentSchemas"), _NAMED),
        **dict.fromkeys(("dependencies", "defs", "pattern_properties"), _NAMED),
        **dict.fromkeys(("items", "additionalItems", "prefixItems", "unevaluatedItems", "contains"), schema),
        **dict.fromkeys(("additionalProperties", "unevaluatedProperties", "propertyNames"), schema),
        **dict.fromkeys(("additional_properties", "prefix_items"), schema),
        **dict.fromkeys(("anyOf", "oneOf", "allOf", "not", "if", "then", "else", "any_of"), schema),
        **dict.fromkeys(("required", "dependentRequired", "propertyOrdering", "property_ordering"), _NAMES),
        "contentSchema": schema,
        "$recursiveRef": nothing,
    },
    _PLAIN,
)
