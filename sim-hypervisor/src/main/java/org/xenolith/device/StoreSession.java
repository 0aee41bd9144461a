package org.xenolith.device;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One domain's conversation with the XenStore: messages of Xen's {@code public/io/xs_wire.h}, each a header of type, request, transaction and
 * length, then that many bytes. Every request is answered, in order; events of watches come in between.
 */
final class StoreSession {
    static final int HEADER = 16;
    static final int LARGEST_PAYLOAD = 4096;

    private static final int DIRECTORY = 1;
    private static final int READ = 2;
    private static final int GET_PERMS = 3;
    private static final int WATCH = 4;
    private static final int UNWATCH = 5;
    private static final int TRANSACTION_START = 6;
    private static final int TRANSACTION_END = 7;
    private static final int GET_DOMAIN_PATH = 10;
    private static final int WRITE = 11;
    private static final int MKDIR = 12;
    private static final int RM = 13;
    private static final int SET_PERMS = 14;
    private static final int WATCH_EVENT = 15;
    private static final int ERROR = 16;
    private static final int IS_DOMAIN_INTRODUCED = 17;
    private static final int RESET_WATCHES = 21;
    private static final int DIRECTORY_PART = 22;

    private static final int MOST_WATCHES = 128;
    private static final int MOST_TRANSACTIONS = 10;
    private static final int MOST_OF_A_TRANSACTION = 1024;
    private static final int MOST_WAITING_EVENTS = 1024;
    private static final int LONGEST_WATCH = 1024;
    private static final int DOMID_SELF = 0x7ff0;

    private static final byte[] OK = {'O', 'K', 0};
    private static final byte[] NOTHING = {};

    private final XenStore store;
    private final int domain;
    private final Deque<byte[]> outgoing = new ArrayDeque<>();
    private final Map<Integer, StoreTransaction> transactions = new LinkedHashMap<>();
    private int lastTransaction;
    private int waitingEvents;
    private final Runnable onEvent;

    /** Of {@code domain}; {@code onEvent} runs when a watch has fired and a message waits. */
    StoreSession(XenStore store, int domain, Runnable onEvent) {
        this.store = store;
        this.domain = domain;
        this.onEvent = onEvent;
    }

    /** Nothing more will be heard: it watches nothing any longer, and what it did not commit is forgotten. */
    void end() {
        store.watches().removeAll(this);
        transactions.clear();
        outgoing.clear();
    }

    /** Bytes that follow {@code header}, by what it says. */
    static int length(byte[] header) {
        return ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
    }

    /** The next message for the domain, or null if there is none. */
    byte[] poll() {
        byte[] message = outgoing.poll();
        if (message != null && type(message) == WATCH_EVENT) {
            waitingEvents--;
        }
        return message;
    }

    /** Whether a message waits. */
    boolean hasMessages() {
        return !outgoing.isEmpty();
    }

    private static int type(byte[] message) {
        return ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
    }

    /** The domain sent {@code header} and {@code payload}. */
    void receive(byte[] header, byte[] payload) {
        ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
        int type = fields.getInt(0);
        int request = fields.getInt(4);
        int transaction = fields.getInt(8);
        try {
            reply(type, request, transaction, answer(type, transaction, payload));
            if (type == WATCH) {
                // A new watch fires once, behind the answer.
                List<String> texts = strings(payload);
                event(texts.get(0), texts.get(1));
            }
        } catch (StoreRefusal refusal) {
            reply(ERROR, request, transaction, text(refusal.error().name()));
        }
    }

    private void reply(int type, int request, int transaction, byte[] payload) {
        outgoing.add(ByteBuffer.allocate(HEADER + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(request)
                .putInt(transaction)
                .putInt(payload.length)
                .put(payload)
                .array());
    }

    /** Tells of a change, unless so many wait already that the domain does not seem to care. */
    private void event(String path, String token) {
        if (waitingEvents < MOST_WAITING_EVENTS) {
            waitingEvents++;
            reply(WATCH_EVENT, 0, 0, texts(List.of(path, token)));
            onEvent.run();
        }
    }

    private byte[] answer(int type, int transactionId, byte[] payload) {
        StoreView view = store.tree();
        StoreTransaction transaction = null;
        if (transactionId != 0) {
            transaction = transactions.get(transactionId);
            if (transaction == null) {
                throw new StoreRefusal(StoreError.ENOENT, "transaction " + transactionId);
            }
            if (transaction.size() > MOST_OF_A_TRANSACTION && type != TRANSACTION_END) {
                throw new StoreRefusal(StoreError.ENOSPC, "transaction " + transactionId);
            }
            view = transaction;
        }
        return switch (type) {
            case DIRECTORY ->
                limited(texts(readable(view, path(single(payload))).children()));
            case DIRECTORY_PART -> directoryPart(view, payload);
            case READ -> readable(view, path(single(payload))).value();
            case GET_PERMS -> permissions(readable(view, path(single(payload))));
            case WRITE -> {
                int end = end(payload, 0);
                String path = path(string(payload, 0, end));
                store.write(view, domain, path, Arrays.copyOfRange(payload, end + 1, payload.length));
                yield OK;
            }
            case MKDIR -> {
                store.makeDirectory(view, domain, path(single(payload)));
                yield OK;
            }
            case RM -> {
                store.remove(view, domain, path(single(payload)));
                yield OK;
            }
            case SET_PERMS -> {
                List<String> texts = strings(payload);
                if (texts.size() < 2) {
                    throw new StoreRefusal(StoreError.EINVAL, "SET_PERMS");
                }
                StorePermissions permissions = StorePermissions.parse(texts.subList(1, texts.size()));
                store.setPermissions(view, domain, path(texts.get(0)), permissions);
                yield OK;
            }
            case WATCH -> watch(payload);
            case UNWATCH -> unwatch(payload);
            case RESET_WATCHES -> {
                store.watches().removeAll(this);
                transactions.clear();
                yield OK;
            }
            case TRANSACTION_START -> startTransaction(transaction);
            case TRANSACTION_END -> endTransaction(transactionId, transaction, payload);
            case GET_DOMAIN_PATH -> text(StorePath.home(domainId(payload)));
            case IS_DOMAIN_INTRODUCED -> {
                int id = domainId(payload);
                yield text(id == DOMID_SELF || store.isIntroduced(id) ? "T" : "F");
            }
            // CONTROL, INTRODUCE, RELEASE, RESUME, SET_TARGET: dom0's.
            case 0, 8, 9, 18, 19 -> throw new StoreRefusal(StoreError.EACCES, "request " + type);
            default -> throw new StoreRefusal(StoreError.ENOSYS, "request " + type);
        };
    }

    private String path(String path) {
        return StorePath.absolute(path, domain);
    }

    private StoreNode readable(StoreView view, String path) {
        return store.node(view, domain, path, StorePermissions.READ);
    }

    private static byte[] permissions(StoreNode node) {
        List<String> texts = new ArrayList<>();
        for (StorePermissions.Entry entry : node.permissions().entries()) {
            texts.add(entry.toString());
        }
        return texts(texts);
    }

    /** Children from an offset on, with a number that says whether the next part is of the same list. */
    private byte[] directoryPart(StoreView view, byte[] payload) {
        List<String> texts = strings(payload);
        if (texts.size() != 2) {
            throw new StoreRefusal(StoreError.EINVAL, "DIRECTORY_PART");
        }
        String path = path(texts.get(0));
        byte[] all = texts(readable(view, path).children());
        int offset = number(texts.get(1));
        byte[] version = text(Long.toString(store.tree().version(path)));
        byte[] answer = Arrays.copyOf(version, LARGEST_PAYLOAD);
        int length = version.length;
        while (offset < all.length) {
            int end = end(all, offset) + 1;
            if (length + end - offset > LARGEST_PAYLOAD) {
                return Arrays.copyOf(answer, length);
            }
            System.arraycopy(all, offset, answer, length, end - offset);
            length += end - offset;
            offset = end;
        }
        // An empty name says that there are no more; it needs room of its own.
        return Arrays.copyOf(answer, Math.min(length + 1, LARGEST_PAYLOAD));
    }

    private byte[] watch(byte[] payload) {
        List<String> texts = strings(payload);
        if (texts.size() != 2 || payload.length > LONGEST_WATCH) {
            throw new StoreRefusal(StoreError.EINVAL, "WATCH");
        }
        String asked = texts.get(0);
        String path = path(asked);
        if (path.startsWith("@")) {
            throw new StoreRefusal(
                    asked.equals("@introduceDomain") || asked.equals("@releaseDomain")
                            ? StoreError.EACCES
                            : StoreError.EINVAL,
                    asked);
        }
        if (store.watches().find(this, path, texts.get(1)) != null) {
            throw new StoreRefusal(StoreError.EEXIST, asked);
        }
        if (store.watches().count(this) >= MOST_WATCHES) {
            throw new StoreRefusal(StoreError.E2BIG, "watches");
        }
        int prefix = path.length() - asked.length();
        store.watches().add(new StoreWatches.Watch(this, domain, path, texts.get(1), prefix, this::event));
        return OK;
    }

    private byte[] unwatch(byte[] payload) {
        List<String> texts = strings(payload);
        if (texts.size() != 2) {
            throw new StoreRefusal(StoreError.EINVAL, "UNWATCH");
        }
        StoreWatches.Watch watch = store.watches().find(this, path(texts.get(0)), texts.get(1));
        if (watch == null) {
            throw new StoreRefusal(StoreError.ENOENT, texts.get(0));
        }
        store.watches().remove(watch);
        return OK;
    }

    private byte[] startTransaction(StoreTransaction outer) {
        if (outer != null) {
            throw new StoreRefusal(StoreError.EBUSY, "transaction in a transaction");
        }
        if (transactions.size() >= MOST_TRANSACTIONS) {
            throw new StoreRefusal(StoreError.ENOSPC, "transactions");
        }
        do {
            lastTransaction = lastTransaction == Integer.MAX_VALUE ? 1 : lastTransaction + 1;
        } while (transactions.containsKey(lastTransaction));
        transactions.put(lastTransaction, new StoreTransaction(store.tree()));
        return text(Integer.toString(lastTransaction));
    }

    private byte[] endTransaction(int id, StoreTransaction transaction, byte[] payload) {
        String how = single(payload);
        if (!how.equals("T") && !how.equals("F")) {
            throw new StoreRefusal(StoreError.EINVAL, "TRANSACTION_END");
        }
        if (transaction == null) {
            throw new StoreRefusal(StoreError.ENOENT, "transaction");
        }
        transactions.remove(id);
        if (how.equals("T")) {
            if (transaction.owned(domain) > XenStore.MOST_NODES) {
                throw new StoreRefusal(StoreError.ENOSPC, "nodes of domain " + domain);
            }
            if (!transaction.commit()) {
                throw new StoreRefusal(StoreError.EAGAIN, "transaction " + id);
            }
        }
        return OK;
    }

    private static int domainId(byte[] payload) {
        return number(single(payload));
    }

    private static int number(String text) {
        int number = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9 || number > 100_000) {
                throw new StoreRefusal(StoreError.EINVAL, "number");
            }
            number = 10 * number + digit;
        }
        return number;
    }

    // ------------------------------------------------------------------------------------------------ strings

    /** The one string that {@code payload} is. */
    private static String single(byte[] payload) {
        List<String> texts = strings(payload);
        if (texts.size() != 1) {
            throw new StoreRefusal(StoreError.EINVAL, texts.size() + " strings");
        }
        return texts.get(0);
    }

    /** The strings of {@code payload}, each with a zero behind it. */
    private static List<String> strings(byte[] payload) {
        List<String> texts = new ArrayList<>();
        for (int at = 0; at < payload.length; ) {
            int end = end(payload, at);
            texts.add(string(payload, at, end));
            at = end + 1;
        }
        return texts;
    }

    /** Where the string that begins at {@code at} ends. */
    private static int end(byte[] payload, int at) {
        for (int end = at; end < payload.length; end++) {
            if (payload[end] == 0) {
                return end;
            }
        }
        throw new StoreRefusal(StoreError.EINVAL, "string without end");
    }

    // Latin-1: whatever bytes a token has, it goes back as it came.
    private static String string(byte[] payload, int from, int to) {
        return new String(payload, from, to - from, StandardCharsets.ISO_8859_1);
    }

    private static byte[] text(String text) {
        return texts(List.of(text));
    }

    private static byte[] texts(List<String> texts) {
        return texts.isEmpty() ? NOTHING : (String.join("\0", texts) + "\0").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] limited(byte[] payload) {
        if (payload.length > LARGEST_PAYLOAD) {
            throw new StoreRefusal(StoreError.E2BIG, "answer");
        }
        return payload;
    }
}
