package io.headrace.model;

import io.headrace.Codec;
import io.headrace.Usage;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Embedding answers in few bytes: a version, then fields with their lengths, big-endian, four bytes a number of a vector. */
public final class EmbeddingCodec implements Codec<EmbeddingResponse> {

    private static final EmbeddingCodec INSTANCE = new EmbeddingCodec();
    private static final byte VERSION = 1;

    /** Version, seven counts of usage, lengths of two texts, number of vectors. */
    private static final int FIXED_BYTES = 1 + 7 * Long.BYTES + 3 * Integer.BYTES;

    private EmbeddingCodec() {}

    public static EmbeddingCodec instance() {
        return INSTANCE;
    }

    @Override
    public byte[] encode(EmbeddingResponse answer) {
        byte[] model = answer.model().getBytes(StandardCharsets.UTF_8);
        byte[] requestId = answer.requestId().getBytes(StandardCharsets.UTF_8);
        long size = (long) FIXED_BYTES + model.length + requestId.length;
        for (float[] vector : answer.vectors()) {
            size += Integer.BYTES + (long) vector.length * Float.BYTES;
        }
        if (size > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("the vectors of an answer need " + size + " bytes, too many to store");
        }
        ByteBuffer to = ByteBuffer.allocate((int) size);
        to.put(VERSION).putInt(model.length).put(model).putInt(requestId.length).put(requestId);
        Usage usage = answer.usage();
        to.putLong(usage.inputTokens()).putLong(usage.cachedInputTokens());
        to.putLong(usage.cacheWriteTokens()).putLong(usage.longCacheWriteTokens());
        to.putLong(usage.outputTokens()).putLong(usage.reasoningTokens()).putLong(usage.unknown());
        to.putInt(answer.vectors().size());
        for (float[] vector : answer.vectors()) {
            to.putInt(vector.length);
            to.asFloatBuffer().put(vector);
            to.position(to.position() + vector.length * Float.BYTES);
        }
        return to.array();
    }

    @Override
    public EmbeddingResponse decode(byte[] bytes) {
        ByteBuffer from = ByteBuffer.wrap(bytes);
        try {
            if (from.get() != VERSION) {
                throw new IllegalArgumentException("not an embedding answer of version " + VERSION);
            }
            String model = text(from);
            String requestId = text(from);
            Usage usage = new Usage(
                    from.getLong(),
                    from.getLong(),
                    from.getLong(),
                    from.getLong(),
                    from.getLong(),
                    from.getLong(),
                    from.getLong());
            List<float[]> vectors = new ArrayList<>();
            for (int count = from.getInt(); count > 0; count--) {
                float[] vector = new float[length(from, Float.BYTES)];
                from.asFloatBuffer().get(vector);
                from.position(from.position() + vector.length * Float.BYTES);
                vectors.add(vector);
            }
            if (from.hasRemaining()) {
                throw new IllegalArgumentException("an embedding answer is longer than its vectors");
            }
            return new EmbeddingResponse(model, vectors, usage, requestId);
        } catch (BufferUnderflowException e) {
            throw new IllegalArgumentException("an embedding answer is cut after " + bytes.length + " bytes", e);
        }
    }

    private static String text(ByteBuffer from) {
        byte[] utf8 = new byte[length(from, 1)];
        from.get(utf8);
        return new String(utf8, StandardCharsets.UTF_8);
    }

    private static int length(ByteBuffer from, int width) {
        int length = from.getInt();
        if (length < 0 || length > from.remaining() / width) {
            throw new IllegalArgumentException("a field of an embedding answer has the impossible length " + length);
        }
        return length;
    }
}
