package io.headrace.provider;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** A provider's own OpenAPI description and its schemas; without it beside the project a test is skipped. */
public final class OpenApiDescription {

    private static final String AT = "https://provider.invalid/api";
    private static final JsonMapper JSON = new JsonMapper();

    private final JsonNode tree;
    private final SchemaRegistry registry;
    private final Map<String, Schema> schemas = new HashMap<>();

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

    private Schema schema(String name) {
        assertThat(tree.path("components").path("schemas").has(name))
                .as(name + " is found")
                .isTrue();
        return registry.getSchema(SchemaLocation.of(AT + "#/components/schemas/" + name));
    }
}
