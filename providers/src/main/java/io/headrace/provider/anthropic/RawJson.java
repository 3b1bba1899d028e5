package io.headrace.provider.anthropic;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/** An object that is text here and JSON on the wire: the arguments of a tool. */
final class RawJson {

    static final String EMPTY_OBJECT = "{}";

    private static final JsonFactory JSON = new JsonFactory();

    private RawJson() {}

    /** Writes {@code text} as an object, an empty one for no text; false, maybe after a part of it, if it is something else. */
    static boolean writeObject(String text, JsonGenerator out) {
        try (JsonParser in = JSON.createParser(ObjectReadContext.empty(), text.isBlank() ? EMPTY_OBJECT : text)) {
            if (in.nextToken() != JsonToken.START_OBJECT) {
                return false;
            }
            out.copyCurrentStructureExact(in);
            return in.nextToken() == null;
        } catch (JacksonException e) {
            return false;
        }
    }
}
