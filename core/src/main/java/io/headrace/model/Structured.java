package io.headrace.model;

import io.headrace.ApiException;
import io.headrace.Delivery;
import io.headrace.ErrorKind;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * A record that a model fills in: the schema to ask for and the reader of the answer, from the same record.
 *
 * <pre>{@code
 * record Verdict(@Description("what the text is about") String topic, int rating, Optional<String> doubt) {}
 *
 * Structured<Verdict> verdict = Structured.of(Verdict.class);
 * Call<ChatRequest, ChatResponse> chat = CallStack.chat(model).validator(verdict::problem).build();
 * Mono<Verdict> answer = chat.apply(request.answerFormat(verdict.format()).build()).map(verdict::read);
 * }</pre>
 *
 * <p>Components may be {@code String}, booleans, numbers of {@code java.lang} and {@code java.math}, enums (by name), records,
 * sealed interfaces of records (told apart by a member {@code type}), {@code List}, {@code Map} with text as keys, and
 * {@code Optional}. Null is allowed in {@code Optional} and where an annotation {@code Nullable} stands, and nowhere else.
 *
 * <p>The schema keeps the rules of strict schemas: every component is required, none besides is allowed, what may be null has
 * that as a type. A {@code Map} cannot be said that way: with one the {@link #format} is not strict.
 *
 * <p>Immutable.
 *
 * @param <T> the record
 */
public final class Structured<T> {

    private static final JsonFactory JSON = new JsonFactory();

    private final Class<T> type;
    private final Shape shape;
    private final JsonSchema schema;

    private Structured(Class<T> type) {
        this.type = type;
        this.shape = Shapes.of(type);
        this.schema = JsonSchema.of(shape.schema());
    }

    /**
     * @throws IllegalArgumentException if {@code type} is no record, is generic or holds itself, or for a component of another
     *     type, naming it
     */
    public static <T> Structured<T> of(Class<T> type) {
        return new Structured<>(Objects.requireNonNull(type, "type"));
    }

    public JsonSchema schema() {
        return schema;
    }

    /** The form to ask for, under the record's simple name: strict, unless the record holds a {@code Map}. */
    public AnswerFormat format() {
        return new AnswerFormat.Schema(type.getSimpleName(), "", schema, shape.isStrict());
    }

    /**
     * The record that {@code answer} gives in its first choice.
     *
     * @throws ApiException of kind {@link ErrorKind#REFUSED} if the model declined, and {@link ErrorKind#MALFORMED_RESPONSE} if
     *     the answer is cut off or not of the schema, naming place and reason; it holds nothing of prompt and answer but what
     *     the record's own constructor says
     */
    public T read(ChatResponse answer) {
        return read(answer, answer.model().isEmpty() ? "" : answer.model() + ": ");
    }

    private T read(ChatResponse answer, String prefix) {
        if (answer.refusal() != null) {
            throw failure(ErrorKind.REFUSED, prefix + "the model declined to give a " + type.getSimpleName(), answer);
        }
        try {
            return parse(answer.text());
        } catch (IllegalArgumentException e) {
            String cut = answer.finishReason() == FinishReason.LENGTH ? ", cut off at the limit of output tokens" : "";
            throw failure(
                    ErrorKind.MALFORMED_RESPONSE,
                    prefix + "the answer is no " + type.getSimpleName() + cut + ": " + e.getMessage(),
                    answer);
        }
    }

    /**
     * What is wrong with {@code answer}, in words as of {@link #read}; empty if nothing is: a validator for a call's layers. A model that
     * declined has answered, and is not asked again: of that only {@link #read} tells.
     */
    public Optional<String> problem(ChatResponse answer) {
        if (answer.refusal() != null) {
            return Optional.empty();
        }
        try {
            read(answer, "");
            return Optional.empty();
        } catch (ApiException e) {
            return Optional.of(e.getMessage());
        }
    }

    /**
     * The record in {@code json}, such as a tool call's arguments.
     *
     * @throws IllegalArgumentException if it is not JSON or not of the schema, naming place and reason
     */
    public T parse(String json) {
        try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), json)) {
            in.nextToken();
            T value = type.cast(Objects.requireNonNull(shape.read(in)));
            if (in.nextToken() != null) {
                throw new IllegalArgumentException("something follows the JSON object");
            }
            return value;
        } catch (Mismatch e) {
            throw new IllegalArgumentException(e.getMessage());
        } catch (JacksonException e) {
            TokenStreamLocation location = e.getLocation(); // missing where a limit on depth or length was met
            throw new IllegalArgumentException(
                    location == null
                            ? "no JSON that can be read: " + e.getOriginalMessage()
                            : "no whole JSON, at character " + location.getCharOffset());
        }
    }

    private static ApiException failure(ErrorKind kind, String message, ChatResponse answer) {
        return ApiException.builder(kind, message)
                .delivery(Delivery.ANSWERED)
                .requestId(answer.requestId().isEmpty() ? null : answer.requestId())
                .usage(answer.usage())
                .build();
    }
}
