package io.headrace;

import java.io.ByteArrayOutputStream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.JsonRecyclerPools;

/** Texts as JSON strings, without data binding: where all values are texts, it is never loaded. Immutable. */
final class JsonTextCodec implements Codec<String> {

    static final JsonTextCodec INSTANCE = new JsonTextCodec();

    private final JsonFactory json = JsonFactory.builder()
            .recyclerPool(JsonRecyclerPools.threadLocalPool()) // the default pool is one for all threads
            .build();

    private JsonTextCodec() {}

    @Override
    public byte[] encode(String value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(value.length() + 16);
        try (JsonGenerator to = json.createGenerator(ObjectWriteContext.empty(), out)) {
            to.writeString(value);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("cannot write String as JSON: " + e.getOriginalMessage(), e);
        }
        return out.toByteArray();
    }

    @Override
    public String decode(byte[] bytes) {
        try (JsonParser from = json.createParser(ObjectReadContext.empty(), bytes)) {
            if (from.nextToken() != JsonToken.VALUE_STRING) {
                throw new IllegalArgumentException("not JSON of String: no string");
            }
            String value = from.getString();
            if (from.nextToken() != null) {
                throw new IllegalArgumentException("not JSON of String: something follows the string");
            }
            return value;
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not JSON of String: " + e.getOriginalMessage(), e);
        }
    }
}
