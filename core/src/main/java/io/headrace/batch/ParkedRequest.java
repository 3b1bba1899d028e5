package io.headrace.batch;

import io.headrace.Cost;
import io.headrace.Fingerprint;
import io.headrace.cache.CallKey.FieldDigest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What is kept of a request beside the line that is uploaded, at the same position of its pack.
 *
 * @param item the item's id, empty outside any step
 * @param batches it has been in without an end, before this pack
 * @param count what it counts of a batch's limit
 * @param end offset in the pack's lines behind its own and its end of line
 * @param crc CRC32C of its line
 */
record ParkedRequest(
        Fingerprint fingerprint,
        int sample,
        String item,
        String step,
        String namespace,
        List<FieldDigest> fields,
        long inputTokens,
        Cost ceiling,
        int batches,
        long count,
        long end,
        int crc) {

    private static final int TYPE = 1;

    static ParkedRequest of(ParkedCall<?> call, long count) {
        return new ParkedRequest(
                call.fingerprint(),
                call.sample(),
                call.options().item(),
                call.options().step(),
                call.options().namespace().name(),
                call.fields(),
                call.inputTokens(),
                call.ceiling(),
                0,
                count,
                0,
                0);
    }

    long key() {
        return RequestKey.of(fingerprint, sample);
    }

    ParkedRequest afterBatches(int batches) {
        return new ParkedRequest(
                fingerprint, sample, item, step, namespace, fields, inputTokens, ceiling, batches, count, end, crc);
    }

    ParkedRequest at(long end, int crc) {
        return new ParkedRequest(
                fingerprint, sample, item, step, namespace, fields, inputTokens, ceiling, batches, count, end, crc);
    }

    RecordWriter record() {
        RecordWriter out = new RecordWriter(TYPE)
                .fingerprint(fingerprint)
                .number(sample)
                .text(item)
                .text(step)
                .text(namespace)
                .number(fields.size());
        fields.forEach(field -> out.text(field.field()).fixed64(field.digest()));
        return out.number(inputTokens)
                .cost(ceiling)
                .number(batches)
                .number(count)
                .number(end)
                .fixed64(crc);
    }

    /** Takes the requests of a pack. */
    interface Visitor {

        /** @param position in the pack, from 0 */
        void visit(ParkedRequest request, int position) throws IOException;
    }

    /** Shows all that a file of keys has to {@code visitor}. */
    static void readAll(Path keys, Visitor visitor) throws IOException {
        int[] position = new int[1];
        RecordFile.read(keys, (in, offset) -> {
            visitor.visit(read(in), position[0]++);
            return true;
        });
    }

    static ParkedRequest read(RecordReader in) {
        Fingerprint fingerprint = in.fingerprint();
        int sample = in.integer();
        String item = in.text();
        String step = in.text();
        String namespace = in.text();
        int size = in.integer();
        List<FieldDigest> fields = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            fields.add(new FieldDigest(in.text(), in.fixed64()));
        }
        return new ParkedRequest(
                fingerprint,
                sample,
                item,
                step,
                namespace,
                fields,
                in.number(),
                in.cost(),
                in.integer(),
                in.number(),
                in.number(),
                (int) in.fixed64());
    }
}
