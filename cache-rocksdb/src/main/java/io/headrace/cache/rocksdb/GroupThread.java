package io.headrace.cache.rocksdb;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.scheduler.NonBlocking;
import reactor.util.concurrent.Queues;

/**
 * A daemon thread that works off a queue in groups: all that came while it worked is the next group, so that a wake-up, and
 * whatever else costs the same for one as for many, is shared under load. Marked {@link NonBlocking}: code that runs on it
 * may not block, for all wait for it.
 */
abstract class GroupThread<T> extends Thread implements NonBlocking {

    private static final Logger LOG = LoggerFactory.getLogger(GroupThread.class);
    private static final int MAX_GROUP = 1024;

    private final Queue<T> queue = Queues.<T>unboundedMultiproducer().get();
    private final AtomicBoolean idle = new AtomicBoolean();
    private volatile boolean closing;
    private volatile boolean ended;

    GroupThread(String name) {
        super(name);
        setDaemon(true);
    }

    /** Runs before any work; what it throws would end the thread. */
    abstract void first();

    /** Does one group, and handles its errors. */
    abstract void work(List<T> group);

    /** Gets what came too late to be worked. */
    abstract void refuse(T task);

    /** Runs after all work. */
    abstract void last();

    /** Queues {@code task}, to be worked or, after {@link #end}, refused. From any thread. */
    final void submit(T task) {
        if (closing) {
            refuse(task);
            return;
        }
        queue.offer(task);
        if (idle.get() && idle.compareAndSet(true, false)) {
            LockSupport.unpark(this);
        }
        if (ended) {
            refuseRest();
        }
    }

    /** Whether more waits to be worked. */
    final boolean isQueueEmpty() {
        return queue.isEmpty();
    }

    /** Lets the thread end when what is queued is done. Does not wait for it. */
    final void end() {
        closing = true;
        LockSupport.unpark(this);
    }

    @Override
    public final void run() {
        try {
            first();
            workUntilEnd();
        } finally {
            closing = true;
            ended = true;
            refuseRest();
            last();
        }
    }

    private void workUntilEnd() {
        List<T> group = new ArrayList<>();
        while (true) {
            for (T task; group.size() < MAX_GROUP && (task = queue.poll()) != null; ) {
                group.add(task);
            }
            if (!group.isEmpty()) {
                workSafely(group);
                group.clear();
            } else if (closing) {
                return;
            } else {
                idle.set(true);
                if (queue.isEmpty() && !closing) {
                    LockSupport.park(this);
                }
                idle.set(false);
            }
        }
    }

    private void workSafely(List<T> group) {
        try {
            work(group);
        } catch (RuntimeException e) {
            LOG.error("{} goes on after an error that its work should have handled", getName(), e);
        }
    }

    /** One at a time: the queue has one consumer. */
    private synchronized void refuseRest() {
        for (T task; (task = queue.poll()) != null; ) {
            refuse(task);
        }
    }
}
