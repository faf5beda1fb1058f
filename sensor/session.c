/* session.c: evidence, level and views of one connection, from findings alone.
 *
 * A finding without proof proves nothing before the session is open; who it names, which requests
 * it leaves open and the jobs it hands out are remembered, so that a later proof finds them. */
#include "sensor/session.h"

#include <string.h>

#include "sensor/session_apply.h"

#define NS_PER_S         1000000000ull
#define ROLE_BIT(sender) (1u << (sender))

#define TOLD_LEAST    0.999 /* targets are rounded */
#define TOLD_ODDS_MAX 1000  /* to one against what shares are said to have proved by chance */

void session_init(struct session *self, struct session_room *room)
{
	memset(self, 0, sizeof(*self));
	self->room = room;
}

void session_make_room(struct session *self)
{
	if (self->is_roomy)
		return;
	memset(self->room, 0, sizeof(*self->room));
	self->is_roomy = 1;
}

bool session_awaits(const struct session *self, uint64_t id, enum direction reply_dir,
		    uint64_t time_ns)
{
	return self->is_roomy && ledger_find(&self->room->ledger, id, reply_dir, time_ns) != NULL;
}

bool session_is_answered(const struct session *self, uint64_t id, enum direction dir,
			 uint64_t time_ns)
{
	const struct ledger_request request = { .id = id, .time_ns = time_ns, .dir = (uint8_t)dir };

	return self->is_roomy && id != 0 && ledger_has_early(&self->room->ledger, &request);
}

void apply_word(struct apply *a, enum evidence_word word)
{
	if (evidence_add(&a->self->view.evidence, word))
		a->changed |= SESSION_CHANGED_EVIDENCE;
}

/* Reported from LEVEL_NODE on; open, a miner's, from LEVEL_LIKELY on. */
static void reach_level(struct apply *a, enum level level)
{
	struct session *self = a->self;

	if (level <= (enum level)self->view.level)
		return;
	self->view.level = (uint8_t)level;
	a->changed |= SESSION_CHANGED_LEVEL;
	if (!self->is_reported)
		a->changed |= SESSION_CHANGED_IDENTITY | SESSION_CHANGED_EVIDENCE |
			      SESSION_CHANGED_COUNTERS;
	self->is_reported = 1;
	if (level < LEVEL_LIKELY || self->is_open)
		return;
	self->is_open = 1;
	if (self->view.role == ROLE_UNKNOWN)
		self->view.role = ROLE_POOL_CLIENT;
	a->changed |=
		SESSION_CHANGED_IDENTITY | SESSION_CHANGED_EVIDENCE | SESSION_CHANGED_COUNTERS;
}

static void trust(struct apply *a, enum direction dir)
{
	struct session *self = a->self;

	self->doubted_dirs &= (uint8_t) ~(1u << dir);
	reach_level(a, (enum level)self->held_levels[dir]);
}

void apply_match(struct apply *a)
{
	trust(a, DIR_TO_SERVER);
	trust(a, DIR_TO_CLIENT);
}

/* One direction speaks as the miner, the other one as the pool, and neither as both. */
static bool agree(const struct session *self)
{
	unsigned one = self->held_roles[0];
	unsigned other = self->held_roles[1];

	return self->held_levels[0] > LEVEL_SUSPECT && self->held_levels[1] > LEVEL_SUSPECT &&
	       one != other && (one == ROLE_BIT(SENDER_MINER) || one == ROLE_BIT(SENDER_POOL)) &&
	       (other == ROLE_BIT(SENDER_MINER) || other == ROLE_BIT(SENDER_POOL));
}

void apply_level(struct apply *a, enum level level)
{
	struct session *self = a->self;
	bool is_doubted = (self->doubted_dirs & 1u << a->dir) != 0 && !self->is_open;

	if (!is_doubted || level <= LEVEL_SUSPECT) {
		reach_level(a, level);
		return;
	}
	if (level > (enum level)self->held_levels[a->dir])
		self->held_levels[a->dir] = (uint8_t)level;
	if (a->finding->sender != SENDER_UNKNOWN)
		self->held_roles[a->dir] |= (uint8_t)ROLE_BIT(a->finding->sender);
	if (agree(self) ||
	    (self->held_before[a->dir] > LEVEL_SUSPECT && session_stands_alone(self, a->dir)))
		apply_match(a);
	else
		reach_level(a, LEVEL_SUSPECT);
}

/* --- one finding ---------------------------------------------------------------------------- */

static void apply_login(struct apply *a)
{
	apply_word(a, EVIDENCE_LOGIN);
	apply_start(a);
	if (a->self->login_ns == 0)
		a->self->login_ns = a->time_ns;
	apply_request(a, FINDING_LOGIN);
}

static void apply_claimed_rate(struct apply *a)
{
	if (a->finding->rate > 0)
		a->self->view.hashrate_claimed = a->finding->rate;
	apply_word(a, EVIDENCE_CLAIMED_RATE);
	a->changed |= SESSION_CHANGED_COUNTERS;
	apply_request(a, FINDING_CLAIMED_RATE);
}

/* What counts only once the flow is known to mine. */
static void apply_open(struct apply *a)
{
	switch (a->finding->kind) {
	case FINDING_SHARE:
		apply_share(a);
		break;
	case FINDING_DIFFICULTY:
		apply_difficulty(a);
		break;
	case FINDING_KEEPALIVE:
		apply_word(a, EVIDENCE_KEEPALIVE);
		apply_request(a, FINDING_KEEPALIVE);
		break;
	case FINDING_RECONNECT:
		apply_word(a, EVIDENCE_RECONNECT);
		break;
	case FINDING_CLAIMED_RATE:
		apply_claimed_rate(a);
		break;
	case FINDING_REQUEST:
		apply_request(a, FINDING_REQUEST);
		break;
	case FINDING_SUBSCRIBE:
	case FINDING_LOGIN:
	case FINDING_JOB:
	case FINDING_REPLY:
	case FINDING_IDENTITY:
	case FINDING_NODE:
		break;
	}
}

static void apply_finding(struct apply *a)
{
	struct session *self = a->self;

	switch (a->finding->kind) {
	case FINDING_SUBSCRIBE:
		apply_word(a, EVIDENCE_SUBSCRIBE);
		apply_request(a, FINDING_SUBSCRIBE);
		break;
	case FINDING_LOGIN:
		apply_login(a);
		break;
	case FINDING_JOB:
		apply_job(a);
		break;
	case FINDING_REPLY:
		apply_reply(a);
		break;
	case FINDING_NODE:
		if (a->finding->proof >= PROOF_NODE)
			apply_word(a, EVIDENCE_NODE);
		break;
	case FINDING_SHARE:
	case FINDING_DIFFICULTY:
	case FINDING_REQUEST:
	case FINDING_KEEPALIVE:
	case FINDING_RECONNECT:
	case FINDING_CLAIMED_RATE:
	case FINDING_IDENTITY:
		if (self->is_open || a->finding->proof >= PROOF_LIKELY)
			apply_open(a);
		else
			apply_request(a, FINDING_REQUEST);
		break;
	}
}

/* Anything the pool says answers the login. */
static void apply_answer(struct apply *a)
{
	struct session *self = a->self;
	bool is_pool = a->finding->kind == FINDING_REPLY || a->finding->sender == SENDER_POOL;

	if (!is_pool || (self->sender_dir != 0 && self->sender_dir == 1u + a->dir))
		return;
	self->login_ns = 0;
	if (self->view.is_unanswered)
		a->changed |= SESSION_CHANGED_IDENTITY;
	self->view.is_unanswered = 0;
}

/* What the finding proves by itself. */
static void apply_proof(struct apply *a)
{
	struct session *self = a->self;
	const struct finding *finding = a->finding;

	switch (finding->proof) {
	case PROOF_NONE:
		break;
	case PROOF_NODE:
		if (self->view.role == ROLE_UNKNOWN)
			self->view.role = ROLE_NODE;
		apply_level(a, LEVEL_NODE);
		break;
	case PROOF_SUSPECT:
		if (a->finding->kind == FINDING_SUBSCRIBE || a->finding->kind == FINDING_IDENTITY)
			apply_word(a, EVIDENCE_HANDSHAKE_SIZES);
		else if (a->finding->kind == FINDING_SHARE)
			apply_word(a, EVIDENCE_SHARE);
		if (self->view.role != ROLE_NODE) /* sizes weigh less than a node's own words */
			apply_level(a, LEVEL_SUSPECT);
		break;
	case PROOF_LIKELY:
	case PROOF_CONFIRMED:
		/* What has no word of its own is a ground as well. */
		if (finding->kind == FINDING_REQUEST || finding->kind == FINDING_IDENTITY ||
		    (finding->kind == FINDING_REPLY && finding->count == 0))
			apply_word(a, EVIDENCE_HANDSHAKE);
		apply_level(a, finding->proof == PROOF_CONFIRMED ? LEVEL_CONFIRMED : LEVEL_LIKELY);
		break;
	}
}

static bool names_somebody(const struct apply *a)
{
	const struct finding *finding = a->finding;

	return a->self->is_open || finding->proof > PROOF_NONE || finding->kind == FINDING_LOGIN ||
	       finding->kind == FINDING_SUBSCRIBE || finding->kind == FINDING_IDENTITY;
}

unsigned session_apply(struct session *self, const char *dialect, const struct finding *finding,
		       enum direction dir, uint64_t time_ns, struct stats *stats)
{
	struct apply a = {
		.self = self, .finding = finding, .dir = dir, .time_ns = time_ns, .stats = stats
	};

	session_make_room(self);
	if (self->view.first_ns == 0 || time_ns < self->view.first_ns)
		self->view.first_ns = time_ns;
	if (time_ns > self->view.last_ns)
		self->view.last_ns = time_ns;
	apply_dialect(&a, dialect);
	apply_sender(&a);
	apply_unit(&a);
	if (finding->proof >= PROOF_LIKELY && !self->is_doubted)
		apply_miner(&a);
	apply_finding(&a);
	if (names_somebody(&a))
		apply_identity(&a);
	apply_answer(&a);
	if (!self->is_doubted)
		apply_proof(&a);
	else if (self->is_suspected)
		reach_level(&a, LEVEL_SUSPECT);
	session_hear(self, dir);
	if (!self->is_reported)
		return 0;
	self->changed |= (uint8_t)a.changed;
	return a.changed;
}

/* --- other witnesses, time and views -------------------------------------------------------- */

unsigned session_witness(struct session *self, enum evidence_word word)
{
	if (!evidence_add(&self->view.evidence, word) || !self->is_reported)
		return 0;
	self->changed |= SESSION_CHANGED_EVIDENCE;
	return SESSION_CHANGED_EVIDENCE;
}

void session_hear(struct session *self, enum direction dir)
{
	self->dirs_heard |= (uint8_t)(1u << dir);
}

void session_carrier(struct session *self, const char *names)
{
	struct session_view *view = &self->view;

	if (strncmp(view->carrier, names, sizeof(view->carrier) - 1) == 0)
		return;
	memset(view->carrier, 0, sizeof(view->carrier));
	(void)slice_copy(slice_str(names), view->carrier, sizeof(view->carrier));
	if (self->is_reported)
		self->changed |= SESSION_CHANGED_IDENTITY;
}

void session_gap(struct session *self, enum direction dir, uint64_t until_ns)
{
	if (self->is_roomy)
		ledger_gap(&self->room->ledger, dir, until_ns);
	(void)session_witness(self, EVIDENCE_GAP);
}

void session_doubt(struct session *self, enum direction dir, enum doubt doubt)
{
	struct apply a = { .self = self, .dir = dir };

	self->held_before[dir] = doubt == DOUBT_AGAIN ? self->held_levels[dir] : LEVEL_NONE;
	if (doubt == DOUBT_NONE) {
		trust(&a, dir);
		self->changed |= (uint8_t)a.changed;
	} else {
		self->doubted_dirs |= (uint8_t)(1u << dir);
	}
	if (doubt != DOUBT_AGAIN) {
		self->held_levels[dir] = LEVEL_NONE;
		self->held_roles[dir] = 0;
	}
}

void session_miss(struct session *self, enum direction dir, bool is_missed)
{
	unsigned bit = 1u << dir;

	self->missed_dirs =
		(uint8_t)(is_missed ? self->missed_dirs | bit : self->missed_dirs & ~bit);
}

bool session_stands_alone(const struct session *self, enum direction dir)
{
	return (self->missed_dirs & 1u << (1 - dir)) == 0;
}

bool session_is_held(const struct session *self, enum direction dir)
{
	return self->held_levels[dir] > LEVEL_SUSPECT;
}

static void swap_bytes(uint8_t pair[2])
{
	uint8_t first = pair[0];

	pair[0] = pair[1];
	pair[1] = first;
}

static uint8_t swapped_bits(uint8_t dirs)
{
	return (uint8_t)((dirs & 1) << 1 | dirs >> 1);
}

void session_swap_roles(struct session *self)
{
	if (self->is_roomy)
		ledger_swap_roles(&self->room->ledger);
	swap_bytes(self->yeses);
	swap_bytes(self->held_levels);
	swap_bytes(self->held_before);
	swap_bytes(self->held_roles);
	self->dirs_heard = swapped_bits(self->dirs_heard);
	self->doubted_dirs = swapped_bits(self->doubted_dirs);
	self->missed_dirs = swapped_bits(self->missed_dirs);
	if (self->sender_dir != 0)
		self->sender_dir = (uint8_t)(3 - self->sender_dir);
}

unsigned session_tick(struct session *self, uint64_t now_ns)
{
	if (!session_is_waiting(self) || now_ns < self->login_ns ||
	    now_ns - self->login_ns < LIMIT_UNANSWERED_S * NS_PER_S)
		return 0;
	self->login_ns = 0;
	self->view.is_unanswered = 1;
	(void)evidence_add(&self->view.evidence, EVIDENCE_UNANSWERED);
	self->changed |= SESSION_CHANGED_EVIDENCE | SESSION_CHANGED_IDENTITY;
	return SESSION_CHANGED_EVIDENCE | SESSION_CHANGED_IDENTITY;
}

bool session_is_waiting(const struct session *self)
{
	return self->is_open && self->login_ns != 0;
}

static double power(double base, uint32_t exponent)
{
	double product = 1;

	for (; exponent > 0; exponent >>= 1, base *= base)
		if ((exponent & 1) != 0)
			product *= base;
	return product;
}

/* The first job that was heard is like the one before it, unless what the shares had proved says
 * otherwise: each proves `times` the difficulty with a chance of one in `times`. */
static bool is_told(const struct session *self)
{
	double times = self->told_work > 0 ? self->share_floor / self->told_work : 0;

	return times > TOLD_LEAST &&
	       (times <= 1 || power(times, self->floor_submitted) < TOLD_ODDS_MAX);
}

/* Worth of a share that no job tells of: each proves at least the pool's difficulty, so the lowest
 * of n is above it by one part in n on average. */
static double floor_work(const struct session *self)
{
	double n = self->floor_submitted;

	if (self->floor_submitted == 0)
		return 0;
	return is_told(self) ? self->told_work : self->share_floor * n / (n + 1);
}

static double recent_rate(const struct session *self, const struct session_view *view,
			  enum rate_window window, uint64_t end_ns)
{
	if (view->hashrate <= 0 || rate_begins(window, end_ns) <= end_ns - view->window_ns)
		return view->hashrate;
	return rate_over(&self->room->recent, window, end_ns, floor_work(self));
}

void session_view_at(const struct session *self, uint64_t last_packet_ns, struct session_view *out)
{
	uint64_t start = self->work_start_ns != 0 ? self->work_start_ns : self->view.first_job_ns;
	double floor = floor_work(self);
	uint32_t before = 0; /* shares whose work was done before the window */

	memcpy(out, &self->view, sizeof(*out));
	if (start == 0)
		start = self->start_ns;
	if (self->first_share_ns != 0 && self->first_share_ns <= start) {
		start = self->first_share_ns; /* the job came before we listened */
		before = 1;
	}
	out->window_ns = start != 0 && last_packet_ns > start ? last_packet_ns - start : 0;
	out->work = self->view.has_replies ? self->work_accepted + self->floor_accepted * floor
					   : self->work_submitted + self->floor_submitted * floor;
	out->hashrate = 0;
	if (self->credited > before && out->window_ns >= NS_PER_S)
		out->hashrate = out->work * (self->credited - before) / self->credited /
				((double)out->window_ns / (double)NS_PER_S);
	for (int i = 0; i < RATE_WINDOWS; i++)
		out->rates[i] = recent_rate(self, out, (enum rate_window)i, last_packet_ns);
}

bool session_roles_swapped(const struct session *self, bool is_proven)
{
	return self->sender_dir == 1 + DIR_TO_CLIENT &&
	       (!is_proven || (self->is_sender_certain && self->is_open));
}
