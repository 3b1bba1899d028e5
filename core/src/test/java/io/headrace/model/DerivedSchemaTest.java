package io.headrace.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.DialectId;
import com.networknt.schema.dialect.Dialects;
import io.headrace.model.StructuredTest.All;
import io.headrace.model.StructuredTest.Counts;
import io.headrace.model.StructuredTest.Drawing;
import io.headrace.model.StructuredTest.Lists;
import io.headrace.model.StructuredTest.Thing;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/** What we derive from records, judged by a validator that is not ours: it is a JSON schema, and says of documents what the reader says. */
class DerivedSchemaTest {

    private static final JsonMapper JSON = JsonMapper.shared();
    private static final SchemaRegistry REGISTRY = SchemaRegistry.withDialect(Dialects.getDraft202012());

    /** What a document may wrongly hold in the place of any value. */
    private static final List<String> WRONG = List.of("null", "true", "7", "0.5", "\"x\"", "[]", "[null]");

    private record Shape(Class<?> type, String good) {

        @Override
        public String toString() {
            return type.getSimpleName();
        }
    }

    static Stream<Shape> shapes() {
        return Stream.of(
                new Shape(Thing.class, "{'name':'n','price':1.10}"),
                new Shape(
                        All.class,
                        "{'text':'a','truth':true,'count':3,'id':9007199254740993,'share':0.5,'mood':'BAD',"
                                + "'things':[{'name':'n','price':1.10}],'maybe':null,'note':null,'notes':['x',null]}"),
                new Shape(
                        Drawing.class,
                        "{'figures':[{'type':'Circle','radius':1},{'type':'Box','thing':{'name':'n','price':1}}],"
                                + "'frame':{'type':'Box','thing':null}}"),
                new Shape(Lists.class, "{'texts':['a'],'more':['b']}"),
                new Shape(Lists.class, "{'texts':null,'more':null}"),
                new Shape(Counts.class, "{'counts':{'a':1,'b':2}}"));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void schema_isAJsonSchema(Shape shape) {
        Schema ofSchemas = REGISTRY.getSchema(SchemaLocation.of(DialectId.DRAFT_2020_12));
        assertThat(ofSchemas.validate(JsonSchema.of(shape.type()).json(), InputFormat.JSON))
                .isEmpty();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void validatorAndReader_takeTheSameDocuments(Shape shape) {
        String good = shape.good().replace('\'', '"');
        Schema schema = REGISTRY.getSchema(JsonSchema.of(shape.type()).json(), InputFormat.JSON);
        assertThat(schema.validate(good, InputFormat.JSON)).isEmpty();
        List<String> documents = new ArrayList<>();
        for (Object changed : changes(JSON.readValue(good, Object.class))) {
            documents.add(JSON.writeValueAsString(changed));
        }
        assertThat(documents).hasSizeGreaterThan(10);
        for (String document : documents) {
            List<Error> errors = schema.validate(document, InputFormat.JSON);
            String problem = problem(shape.type(), document);
            if (problem == null) {
                assertThat(errors.isEmpty() || lacksAMember(errors))
                        .as("%s: %s", document, errors)
                        .isTrue();
            } else {
                assertThat(errors)
                        .as("%s: the reader says %s", document, problem)
                        .isNotEmpty();
            }
        }
    }

    /** Models that keep to no schema leave out what may be null, and the reader takes it as null. */
    private static boolean lacksAMember(List<Error> errors) {
        return errors.stream().anyMatch(error -> error.getKeyword().equals("required"));
    }

    private static @Nullable String problem(Class<?> type, String document) {
        try {
            Structured.of(type).parse(document);
            return null;
        } catch (RuntimeException e) {
            return e.getMessage();
        }
    }

    /** The document with one value of it, at any depth, changed, missing or added. */
    private static List<Object> changes(Object value) {
        List<Object> changes = new ArrayList<>();
        WRONG.forEach(wrong -> changes.add(wrongValue(wrong)));
        if (value instanceof Map<?, ?> map) {
            map.forEach((name, member) -> {
                Map<Object, Object> without = new LinkedHashMap<>(map);
                without.remove(name);
                changes.add(without);
                for (Object change : changes(member)) {
                    Map<Object, Object> with = new LinkedHashMap<>(map);
                    with.put(name, change);
                    changes.add(with);
                }
            });
            Map<Object, Object> more = new LinkedHashMap<>(map);
            more.put("more", 1);
            changes.add(more);
        } else if (value instanceof List<?> list) {
            for (int i = 0; i < list.size(); i++) {
                for (Object change : changes(list.get(i))) {
                    List<Object> with = new ArrayList<>(list);
                    with.set(i, change);
                    changes.add(with);
                }
            }
        }
        return changes;
    }

    private static Object wrongValue(String json) {
        return JSON.readValue(json, Object.class);
    }
}
