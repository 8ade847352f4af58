//! What screens call posts, alarms and channels, in both languages.

use rules::dispatch::AlarmKind;
use rules::identity::Post;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A text in both languages of the product.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlarmText)]
pub struct Text {
    pub zh: String,
    pub en: String,
}

impl Text {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }
}

pub fn post(post: Post) -> Text {
    let (zh, en) = match post {
        Post::SeatDispatcher => ("坐席调度员", "dispatchers at their seats"),
        Post::DutyLead => ("值班长", "duty lead"),
        Post::Director => ("中心主任", "director"),
        Post::OnCallAdmin => ("值守管理员", "on-call administrator"),
        Post::Counsellor => ("值班咨询师", "counsellor on duty"),
        Post::Clinician => ("临床医生", "clinician"),
        Post::SchoolPsychologist => ("学校心理老师", "school psychologist"),
        Post::CaseWorker => ("个案工作者", "case worker"),
        Post::GridWorker => ("网格员", "grid worker"),
    };
    Text::new(zh, en)
}

/// Several posts as one line.
pub fn posts(posts: &[Post]) -> Text {
    let texts: Vec<Text> = posts.iter().map(|&code| post(code)).collect();
    let join = |part: fn(&Text) -> &str, by: &str| texts.iter().map(part).collect::<Vec<_>>().join(by);
    Text::new(join(|text| &text.zh, "、"), join(|text| &text.en, ", "))
}

/// What an alarm is about, in one line without anything about the person.
pub fn headline(kind: AlarmKind, reason: &str) -> Text {
    let (zh, en) = match kind {
        AlarmKind::Button => ("一键报警", "Alarm button"),
        AlarmKind::Screening => match reason {
            "follow_up_missed" => ("随访已超时", "A follow-up is overdue"),
            "first_contact_missed" => ("首次联系已超时", "First contact is overdue"),
            "found_by_auditor" => ("危急结果补发报警", "Tier 4 result; its alarm was late"),
            "raised_by_person" => ("人工判定危急", "Judged to be in danger"),
            _ => ("筛查提示可能有生命危险", "Screening: life may be in danger"),
        },
        AlarmKind::Word => ("工作人员判断危急", "A worker says: danger"),
        AlarmKind::Api => ("外部系统报警", "Alarm from another system"),
        AlarmKind::Canary => ("系统自检报警", "The system tests itself"),
        AlarmKind::System => return system(reason),
    };
    Text::new(zh, en)
}

/// `empty_post:duty_lead`, `timer_missing`: the code before the colon says what, the one after it where.
fn system(reason: &str) -> Text {
    let (what, detail) = reason.split_once(':').unwrap_or((reason, ""));
    if what == "empty_post" {
        let name = detail.parse().map(post).unwrap_or_default();
        return Text::new(format!("岗位无人值守：{}", name.zh), format!("Nobody is on duty: {}", name.en));
    }
    let (zh, en) = match what {
        "webhook_failing" => ("对外通知发送失败", "Notifications to another system fail"),
        "journal_unreadable" => {
            ("本地报警日志有无法读取的条目", "An entry of the local alarm journal cannot be read")
        }
        "alarm_without_timer" => ("报警缺少升级计时", "An alarm had lost its escalation timer"),
        "timer_late" => ("计时器触发过晚", "Timers fire late"),
        "timer_failing" => ("计时器反复失败", "A timer fails again and again"),
        "delivery_lapsed" => ("通知发送反复中断", "A notification was interrupted again and again"),
        "result_without_timer" => ("高危结果缺少到期计时", "A result had lost its deadline"),
        "result_without_owner" => ("高危结果无人负责", "A result has no owner who can act"),
        "suggestion_without_alarm" => ("危急结果没有对应报警", "A result in tier 4 had no alarm"),
        "stream_gap" => ("实时消息序号不一致", "A stream of events has a gap"),
        "loop_silent" => ("后台循环无响应", "A background loop is silent"),
        "journal_waiting" => ("本地报警日志尚未写入数据库", "The local alarm journal waits to be written"),
        "stream_behind" => ("调度台未跟上实时消息", "The boards are not given what happens"),
        "clock_off" => ("系统时间与数据库时间不一致", "The server's time is not the database's"),
        "account_recovered" => {
            ("有账号在服务器上被重置，请核实", "An account was reset at the server itself: find out by whom")
        }
        "audit_unsealed" => ("审计记录迟迟未封存", "Audit entries wait to be sealed"),
        _ => ("系统故障", "A fault of the system"),
    };
    Text::new(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_and_post_has_words_in_both_languages() {
        for &code in Post::ALL {
            assert!(!post(code).zh.is_empty() && !post(code).en.is_empty(), "{code}");
        }
        for kind in AlarmKind::ALL {
            let text = headline(kind, "");
            assert!(!text.zh.is_empty() && !text.en.is_empty(), "{}", kind.code());
        }
        assert_eq!(headline(AlarmKind::System, "empty_post:duty_lead").en, "Nobody is on duty: duty lead");
    }
}
