package io.headrace;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.headrace.Item.Expansion;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** Outcomes as JSON: one object with what is known of the item, and with its value as the codec of the values writes it. Immutable. */
final class OutcomeCodec<T> implements Codec<Outcome<T>> {

    private static final String OK = "ok";
    private static final String FAILED = "failed";
    private static final String SKIPPED = "skipped";
    private static final Codec<Form> FORMS = Codec.json(Form.class);
    private static final byte[] VALUE = ",\"value\":".getBytes(UTF_8);
    private static final JsonFactory JSON = new JsonFactory();

    /** All but the value. */
    record Form(
            String outcome,
            String id,
            long ordinal,
            long version,
            @Nullable Expansion expansion,
            Tally tally,
            @Nullable String step,
            @Nullable String kind,
            @Nullable String message) {

        Form {
            Objects.requireNonNull(outcome, "outcome");
            Objects.requireNonNull(id, "id");
            Objects.requireNonNull(tally, "tally");
        }

        static Form of(String outcome, Item<?> item, Tally tally, String step, String kind, String message) {
            return new Form(
                    outcome,
                    item.id(),
                    item.ordinal(),
                    item.version(),
                    item.expansion(),
                    tally,
                    step.isEmpty() ? null : step,
                    kind.isEmpty() ? null : kind,
                    message.isEmpty() ? null : message);
        }

        <V> Item<V> item(V value) {
            return new Item<>(id, ordinal, version, expansion, value);
        }
    }

    private final Codec<T> values;

    OutcomeCodec(Codec<T> values) {
        this.values = Objects.requireNonNull(values, "values");
    }

    @Override
    public byte[] encode(Outcome<T> outcome) {
        if (outcome instanceof Outcome.Ok<T> ok) {
            byte[] form = FORMS.encode(Form.of(OK, ok.item(), ok.tally(), "", "", ""));
            byte[] value = values.encode(ok.value());
            byte[] json = Arrays.copyOf(form, form.length + VALUE.length + value.length);
            System.arraycopy(VALUE, 0, json, form.length - 1, VALUE.length);
            System.arraycopy(value, 0, json, form.length - 1 + VALUE.length, value.length);
            json[json.length - 1] = '}';
            return json;
        }
        if (outcome instanceof Outcome.Failed<T> failed) {
            String kind = failed.kind().label();
            return FORMS.encode(Form.of(FAILED, failed.item(), failed.tally(), failed.step(), kind, failed.message()));
        }
        Outcome.Skipped<T> skipped = (Outcome.Skipped<T>) outcome;
        return FORMS.encode(Form.of(SKIPPED, skipped.item(), skipped.tally(), skipped.step(), "", ""));
    }

    @Override
    public Outcome<T> decode(byte[] json) {
        Form form = FORMS.decode(json);
        return switch (form.outcome()) {
            case OK -> new Outcome.Ok<>(form.item(values.decode(value(json))), form.tally());
            case FAILED ->
                new Outcome.Failed<>(
                        form.item(form.id()), text(form.step()), kind(form.kind()), text(form.message()), form.tally());
            case SKIPPED -> new Outcome.Skipped<>(form.item(form.id()), text(form.step()), form.tally());
            default -> throw new IllegalArgumentException("no outcome is called '" + form.outcome() + "'");
        };
    }

    private static String text(@Nullable String text) {
        return text == null ? "" : text;
    }

    private static ErrorKind kind(@Nullable String label) {
        if (label == null) {
            throw new IllegalArgumentException("a failed outcome needs its kind");
        }
        return ErrorKind.ofLabel(label);
    }

    /** As it is written, so that its numbers stay what they are. */
    private static byte[] value(byte[] json) {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean found = "value".equals(parser.currentName());
                parser.nextToken();
                int start = (int) parser.currentTokenLocation().getByteOffset();
                parser.skipChildren();
                parser.finishToken();
                int end = (int) parser.currentLocation().getByteOffset();
                if (found) {
                    return Arrays.copyOfRange(json, start, end);
                }
            }
        }
        throw new IllegalArgumentException("an ok outcome needs its value");
    }
}
