package io.headrace.layer;

import io.headrace.cache.CallKey.FieldDigest;
import io.headrace.cache.CallKeyBuilder;
import io.headrace.model.EmbeddingResponse;
import java.util.List;

/** Whether vectors are as long as they were asked for, by the digests of the request's fields, which are all that is left of it. */
final class EmbeddingLength {

    /** As {@link io.headrace.cache.EmbeddingKeys} calls it. */
    private static final String FIELD = "dimensions";

    private EmbeddingLength() {}

    static boolean isAsAsked(List<FieldDigest> fields, EmbeddingResponse answer) {
        for (FieldDigest field : fields) {
            if (field.field().equals(FIELD)) {
                return CallKeyBuilder.of("", "")
                        .field(FIELD, answer.vector().length)
                        .build()
                        .fields()
                        .contains(field);
            }
        }
        return true;
    }
}
