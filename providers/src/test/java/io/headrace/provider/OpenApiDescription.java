package io.headrace.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A provider's own OpenAPI description and its schemas; without it beside the project a test is skipped. */
public final class OpenApiDescription {

    private static final String AT = "https://provider.invalid/api";
    private static final JsonMapper JSON = new JsonMapper();
    private static final Set<String> COMPOSING = Set.of("allOf", "anyOf", "oneOf");

    private final JsonNode tree;
    private final SchemaRegistry registry;
    private final Map<String, Schema> schemas = new HashMap<>();
    private final Map<String, Map<String, String>> members = new HashMap<>();

    private OpenApiDescription(JsonNode tree) {
        this.tree = tree;
        String json = JSON.writeValueAsString(tree);
        this.registry =
                SchemaRegistry.withDialect(Dialects.getDraft202012(), builder -> builder.schemas(Map.of(AT, json)));
    }

    /** The description in {@code shared/reference}. */
    public static OpenApiDescription read(String file) throws IOException {
        return read(file, schemas -> {});
    }

    /**
     * Closes every object that lists its properties, as a strict server would: a misspelt field is none of the others. A schema that is a
     * part of another one sees only its own share of the fields, and stays open.
     */
    public static void close(ObjectNode schemas) {
        Set<String> parts = new HashSet<>();
        collectParts(schemas, false, parts);
        schemas.properties().forEach(schema -> close(schema.getValue(), parts.contains(schema.getKey())));
    }

    private static void collectParts(JsonNode node, boolean isPart, Set<String> parts) {
        String reference = node.path("$ref").asString("");
        if (isPart && !reference.isEmpty()) {
            parts.add(reference.substring(reference.lastIndexOf('/') + 1));
        }
        node.properties().forEach(child -> {
            boolean composes = COMPOSING.contains(child.getKey()) && isOneOfSeveral(node, child.getKey());
            child.getValue().forEach(member -> collectParts(member, composes, parts));
            if (child.getValue().isObject()) {
                collectParts(child.getValue(), false, parts);
            }
        });
    }

    private static void close(JsonNode node, boolean isPart) {
        if (!(node instanceof ObjectNode object)) {
            return;
        }
        object.properties().forEach(child -> {
            boolean composes = COMPOSING.contains(child.getKey()) && (isPart || isOneOfSeveral(object, child.getKey()));
            child.getValue().forEach(member -> close(member, composes));
            if (child.getValue().isObject() && !child.getKey().equals("properties")) {
                close(child.getValue(), false);
            }
        });
        if (!isPart
                && (object.path("properties").isObject() || object.has("allOf"))
                && !object.has("additionalProperties")) {
            object.put("unevaluatedProperties", false);
        }
    }

    /** Whether the fields come from several schemas: all of {@code allOf}, or a choice beside properties of its own. */
    private static boolean isOneOfSeveral(JsonNode node, String composition) {
        return composition.equals("allOf") || node.has("properties") || node.has("allOf");
    }

    /**
     * The description in {@code shared/reference}, with what is younger than it.
     *
     * @param amend changes the schemas by their names
     */
    public static OpenApiDescription read(String file, Consumer<ObjectNode> amend) throws IOException {
        JsonNode tree = JSON.readTree(SharedFiles.read("reference/" + file));
        amend.accept((ObjectNode) tree.at("/components/schemas"));
        return new OpenApiDescription(tree);
    }

    public void assertPath(String path) {
        assertThat(tree.path("paths").has(path)).as(path).isTrue();
    }

    public void assertConforms(String name, String json) {
        Schema schema = schemas.computeIfAbsent(name, this::schema);
        assertThat(schema.validate(json, InputFormat.JSON)).as(json).isEmpty();
    }

    /** As {@link #assertConforms}, to the one schema of a union that is for the {@code type} in {@code json}. */
    public void assertOneOf(String union, String json) {
        String type = JSON.readTree(json).path("type").asString("");
        String member = members.computeIfAbsent(union, this::members).get(type);
        assertThat(member).as("%s knows the type of %s", union, json).isNotNull();
        assertConforms(member, json);
    }

    private Map<String, String> members(String union) {
        Map<String, String> byType = new HashMap<>();
        JsonNode schema = tree.path("components").path("schemas").path(union);
        for (String composition : COMPOSING) {
            for (JsonNode member : schema.path(composition)) {
                String reference = member.path("$ref").asString("");
                String name = reference.substring(reference.lastIndexOf('/') + 1);
                JsonNode type =
                        tree.path("components").path("schemas").path(name).at("/properties/type");
                byType.put(type.path("const").asString(type.at("/enum/0").asString("")), name);
            }
        }
        return byType;
    }

    private Schema schema(String name) {
        assertThat(tree.path("components").path("schemas").has(name))
                .as(name + " is found")
                .isTrue();
        return registry.getSchema(SchemaLocation.of(AT + "#/components/schemas/" + name));
    }
}
