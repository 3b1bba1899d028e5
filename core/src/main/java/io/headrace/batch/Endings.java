package io.headrace.batch;

import io.headrace.ApiException;
import io.headrace.Cost;
import java.io.IOException;

/** Ends all requests of a pack in one way. Belongs to the queue's file thread. */
final class Endings {

    private final QueueDirectory directory;
    private final Packer packer;

    Endings(QueueDirectory directory, Packer packer) {
        this.directory = directory;
        this.packer = packer;
    }

    /** How one request ends. */
    private interface Ending {
        void write(EndsFile ends, ParkedRequest request, int position) throws IOException;
    }

    /** All fail with that reason. */
    void fail(Pack pack, ApiException error) throws IOException {
        end(pack, (ends, request, at) -> ends.failed(request.key(), error), totals(pack.requests, 0, 0, 0));
    }

    /** All are asked for online. */
    void online(Pack pack) throws IOException {
        end(pack, (ends, request, at) -> ends.online(request.key()), totals(0, pack.requests, 0, 0));
    }

    /** All are given up. */
    void drop(Pack pack) throws IOException {
        end(pack, (ends, request, at) -> ends.dropped(request.key()), totals(0, 0, 0, pack.requests));
    }

    /** All go into packs of half the size; that they were in this one does not count. */
    void split(Pack pack, Served<?, ?> lane) throws IOException {
        packer.halve(pack);
        again(pack, lane);
    }

    /** All go into other packs; that they were in this one does not count. */
    void again(Pack pack, Served<?, ?> lane) throws IOException {
        again(pack, lane, Integer.MAX_VALUE);
    }

    /** The same with the {@code first} so many in packs of their own. */
    void again(Pack pack, Served<?, ?> lane, int first) throws IOException {
        BatchTotals totals = totals(0, 0, pack.requests, 0);
        end(pack, (ends, request, at) -> ends.again(request.key(), at, request.batches()), totals);
        packer.move(pack, lane, first);
    }

    private void end(Pack pack, Ending ending, BatchTotals totals) throws IOException {
        EndsFile ends = EndsFile.create(directory.files().newEnds(pack.number));
        try (ends) {
            ParkedRequest.readAll(
                    directory.files().keys(pack.number), (request, position) -> ending.write(ends, request, position));
            directory.collected(pack, ends, totals);
        }
        if (totals.again() == 0) {
            directory.forgetRequests(pack);
        }
    }

    private static BatchTotals totals(long failed, long online, long again, long cancelled) {
        return new BatchTotals(0, failed, online, again, cancelled, 0, 0, 0, 0, 0, 0, Cost.ZERO, Cost.ZERO);
    }
}
