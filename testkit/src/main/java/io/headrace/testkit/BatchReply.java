package io.headrace.testkit;

import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/** What is answered to a request about files or batches. */
sealed interface BatchReply {

    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Value(byte[] json) implements BatchReply {}

    record Content(StoredFile file, String contentType) implements BatchReply {}

    static BatchReply of(Consumer<JsonGenerator> object) {
        return new Value(Json.write(json -> {
            json.writeStartObject();
            object.accept(json);
            json.writeEndObject();
        }));
    }

    /** A request about files or batches is refused. */
    final class RefusedException extends RuntimeException {

        private final transient Wire.Problem problem;

        RefusedException(Wire.Problem problem) {
            super(problem.message(), null, false, false);
            this.problem = problem;
        }

        Wire.Problem problem() {
            return problem;
        }

        static RefusedException invalid(String message) {
            return new RefusedException(Wire.Problem.invalid(message));
        }
    }
}
