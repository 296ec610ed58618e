"""Problems, and the words for barriers and audiences in them, by name, in Chinese and English."""

from dataclasses import dataclass

from tongban.contract.problems import Problem, ProblemCode


@dataclass(frozen=True, slots=True)
class Message:
    """A text in Chinese and English, with the next step where there is one. `{names}` are filled in."""

    code: ProblemCode
    zh: str
    en: str
    next_zh: str | None = None
    next_en: str | None = None


C = ProblemCode
MESSAGES = {
    "unknown_item": Message(
        C.NOT_FOUND,
        "没有编号为{item}的事项",
        "There is no item with the code {item}",
        "请在事项清单中查找编号",
        "Look the code up in the catalog",
    ),
    "item_not_in_force": Message(
        C.ITEM_NOT_IN_FORCE,
        "事项{item}目前不受理",
        "Item {item} is not in force",
        "请在事项清单中查看当前事项",
        "See the catalog for the items in force",
    ),
    "unknown_center": Message(
        C.NOT_FOUND,
        "没有编号为{center}的受理中心",
        "There is no center with the code {center}",
        "请在受理中心名录中查找编号",
        "Look the code up in the list of centers",
    ),
    "branch_not_in_tongban": Message(
        C.NOT_OFFERED_HERE,
        "{center}尚未加入全市通办",
        "{center} does not take part in tongban yet",
        "请到{parent}办理",
        "Please go to {parent}",
    ),
    "unknown_resident": Message(
        C.NOT_FOUND,
        "没有这位居民的记录",
        "There is no record of this resident",
        "请先登记居民信息",
        "Register the resident first",
    ),
    "unknown_case": Message(C.NOT_FOUND, "没有这个办件", "There is no such case", "请核对办件编号", "Check the number"),
    "not_in_audience": Message(
        C.NOT_ELIGIBLE,
        "《{item}》面向{audiences}，申请人不在此范围内",
        "{item} is open to {audiences_en}; the applicant does not belong to them",
    ),
    "local_only": Message(
        C.NOT_OFFERED_HERE,
        "《{item}》暂未全市通办，须在户籍地办理：{reasons}",
        "{item} is not done city-wide yet, only where the household is registered: {reasons_en}",
        "请到{home}办理",
        "Please go to {home_en}",
    ),
    "local_only_no_home": Message(
        C.ROUTING_UNKNOWN,
        "《{item}》须在户籍地办理，但户籍街道未登记或未对应受理中心",
        "{item} is done only where the household is registered, and that street is not known to have a center",
        "请先核对户籍所在街道",
        "Check the street of the hukou first",
    ),
    "routing_unknown": Message(
        C.ROUTING_UNKNOWN,
        "无法确定户籍所在街道对应的受理中心",
        "The center of the hukou street is not known",
        "请核对户籍所在街道后再次受理",
        "Check the street of the hukou, then accept again",
    ),
    "form_invalid": Message(C.FORM_INVALID, "表单有误：{reason}", "The form is not valid: {reason}"),
    "form_too_large": Message(
        C.FORM_INVALID, "表单内容超过{limit}字节", "The form is larger than {limit} bytes", "请删减内容", "Shorten it"
    ),
    "material_missing": Message(
        C.MATERIAL_MISSING,
        "缺少材料：{material}",
        "Missing: {material_en}",
        "签发单位：{issuer}",
        "Issued by {issuer}",
    ),
    "material_produced_elsewhere": Message(
        C.MATERIAL_MISSING,
        "缺少材料：{material}",
        "Missing: {material_en}",
        "可先申请《{item}》取得",
        "Apply for item {item_code} first",
    ),
    "unknown_material": Message(
        C.MATERIAL_INVALID,
        "没有编号为{material}的材料",
        "There is no material with the code {material}",
        "请核对材料编号",
        "Check the material's code",
    ),
    "unknown_document": Message(
        C.MATERIAL_INVALID,
        "没有上传过这份文件",
        "No such document has been uploaded",
        "请先上传文件，或只填材料编号",
        "Upload it first, or give the material's code alone",
    ),
    "upload_not_stored": Message(
        C.MATERIAL_INVALID,
        "文件“{file}”尚未上传完成",
        "The file {file} has not come in yet",
        "请先上传文件内容",
        "Send its content first",
    ),
    "upload_was_refused": Message(
        C.MATERIAL_INVALID,
        "文件“{file}”未通过检查，不能提交",
        "The file {file} was refused and can't be handed in",
        "请重新登记并上传",
        "Announce and send it anew",
    ),
    "upload_elsewhere": Message(
        C.FORBIDDEN,
        "文件“{file}”是为其他受理中心上传的",
        "The file {file} was uploaded for another center",
        "请在本中心重新上传",
        "Upload it for this center",
    ),
    "upload_unknown": Message(
        C.NOT_FOUND,
        "上传地址无效",
        "There is no such upload",
        "请用createUpload取得新的地址",
        "Get an address with createUpload",
    ),
    "upload_expired": Message(
        C.ACTION_NOT_ALLOWED,
        "上传地址已过期",
        "The upload's address has expired",
        "请用createUpload取得新的地址",
        "Get a new address with createUpload",
    ),
    "upload_used": Message(
        C.ACTION_NOT_ALLOWED,
        "上传地址只能使用一次，文件已处理",
        "The upload's address works once, and has been used",
        "请查询该上传的状态；如需另传，请取得新的地址",
        "Look at the upload's state; get a new address for another file",
    ),
    "upload_too_long": Message(
        C.MATERIAL_INVALID,
        "文件大于登记的{size}字节",
        "The file is longer than the {size} bytes announced",
        "请核对文件，按实际大小重新登记",
        "Check the file and announce its size anew",
    ),
    "upload_too_short": Message(
        C.MATERIAL_INVALID,
        "文件小于登记的{size}字节",
        "The file is shorter than the {size} bytes announced",
        "请核对文件，按实际大小重新登记",
        "Check the file and announce its size anew",
    ),
    "upload_digest_differs": Message(
        C.MATERIAL_INVALID,
        "文件内容与登记的摘要不符",
        "The file does not have the digest announced",
        "请重新计算SHA-256并登记",
        "Compute its SHA-256 and announce it anew",
    ),
    "upload_kind_refused": Message(
        C.MATERIAL_INVALID,
        "只接受PDF、JPEG、PNG、OFD文件，且文件中不得夹带其他内容",
        "Only a PDF, JPEG, PNG or OFD is taken, with nothing else in it",
        "请另存为PDF后重新上传",
        "Save it as a PDF and upload that",
    ),
    "upload_infected": Message(
        C.MATERIAL_INVALID,
        "文件未通过安全扫描",
        "The scan for malware refused the file",
        "请检查电脑，换用干净的文件",
        "Check the computer, and use a clean file",
    ),
    "upload_too_slow": Message(
        C.INVALID_INPUT,
        "上传中断过久，已停止接收",
        "Nothing came in for too long; the upload was cut off",
        "请在地址过期前重新上传",
        "Send it again before the address expires",
    ),
    "scan_failed": Message(
        C.INVALID_INPUT,
        "安全扫描暂不可用，文件未保存",
        "The scan for malware does not answer; the file was not stored",
        "请稍后用同一地址重新上传",
        "Send it again to the same address in a minute",
    ),
    "store_failed": Message(
        C.INVALID_INPUT,
        "文件存储暂不可用",
        "The store of documents does not answer",
        "请稍后重试",
        "Try again in a minute",
    ),
    "link_unknown": Message(
        C.NOT_FOUND,
        "下载地址无效",
        "There is no document at this address",
        "请重新查询办件，取得新的地址",
        "Ask for the case again: it has new addresses",
    ),
    "link_expired": Message(
        C.ACTION_NOT_ALLOWED,
        "下载地址已过期",
        "The address of the document has expired",
        "请重新查询办件，取得新的地址",
        "Ask for the case again: it has new addresses",
    ),
    "document_twice": Message(
        C.MATERIAL_INVALID,
        "同一份文件提交了两次",
        "The same file is handed in twice",
        "请每份文件只提交一次；另一份材料请另行上传",
        "Hand each file in once; upload another one for another material",
    ),
    "route_not_offered": Message(
        C.INVALID_INPUT, "《{item}》的结果不能以这种方式送达", "The result of {item} can't be delivered this way"
    ),
    "stale_version": Message(
        C.STALE_VERSION,
        "办件已被他人更新（当前第{version}版）",
        "The case has changed since (now at version {version})",
        "请刷新后重试",
        "Load it again and retry",
    ),
    "action_not_allowed": Message(
        C.ACTION_NOT_ALLOWED,
        "办件处于“{status}”状态，不能进行此操作",
        "Not possible while the case is {status}",
        "可进行的操作：{actions}",
        "Possible now: {actions}",
    ),
    "forbidden": Message(C.FORBIDDEN, "您无权代{center}操作", "You may not act for {center}"),
    "manifest_differs": Message(
        C.MATERIAL_INVALID,
        "交接清单与材料不符",
        "The manifest does not fit the materials",
        "请与移交中心核对",
        "Ask the sending center",
    ),
    "still_underway": Message(
        C.ACTION_NOT_ALLOWED,
        "材料尚在途中，未送达",
        "The documents are still on their way",
        "送达后再操作；系统会一直重发",
        "Wait until they are stored; they are sent for as long as it takes",
    ),
    "refused_before": Message(
        C.ROUTING_UNKNOWN,
        "{center}已退回此办件，登记信息未变",
        "{center} has refused this case, and what is recorded names it again",
        "请更正户籍登记，或说明为何仍应由其办理",
        "Correct the hukou, or say in the note why it belongs there",
    ),
    "note_needed": Message(
        C.INVALID_INPUT, "请向申请人说明", "The applicant has to be told why", "请填写说明", "Write a note"
    ),
    "refusal_reason_needed": Message(
        C.INVALID_INPUT, "请说明退回的理由", "A refusal needs a reason", "请填写理由", "Give the reason"
    ),
    "materials_needed": Message(
        C.INVALID_INPUT,
        "请列出全部所缺材料",
        "Name everything that is missing, at once",
        "请填写材料编号",
        "Give the materials' codes",
    ),
    "supplement_once": Message(
        C.ACTION_NOT_ALLOWED,
        "本中心已一次性告知补正",
        "This center has asked for a supplement already; everything is asked for at once",
        "请按现有材料作出决定",
        "Decide on what is there",
    ),
    "duplicate_case": Message(
        C.DUPLICATE_CASE,
        "申请人已有《{item}》的在办件：{number}",
        "The applicant has an open case of {item} already: {number}",
        "如确需另行申请，请注明 evenIfDuplicate",
        "If another one is meant, say evenIfDuplicate",
    ),
    "center_merged": Message(
        C.NOT_OFFERED_HERE,
        "{center}已并入{successor}",
        "{center} was merged into {successor}",
        "请到{successor}办理",
        "Please go to {successor}",
    ),
    "idempotency_conflict": Message(
        C.IDEMPOTENCY_CONFLICT,
        "同一幂等键已用于另一请求",
        "The key was used for another request already",
        "请换用新的幂等键",
        "Use a new key",
    ),
    "invalid_input": Message(C.INVALID_INPUT, "{what}", "{what_en}"),
    "id_number_invalid": Message(
        C.INVALID_INPUT,
        "证件号码有误：{what}",
        "The identity number is not valid: {what_en}",
        "请核对证件上的号码",
        "Check the number on the document",
    ),
    "id_number_taken": Message(
        C.INVALID_INPUT,
        "该证件号码已登记",
        "This identity number is registered already",
        "请按证件号码查询居民",
        "Look the resident up by the number",
    ),
    "unknown_division": Message(
        C.INVALID_INPUT,
        "没有编号为{code}的街镇",
        "There is no division with the code {code}",
        "请核对统计用区划代码（12位）",
        "Check the 12-digit statistical division code",
    ),
    "hukou_in_the_future": Message(C.INVALID_INPUT, "户籍登记日期晚于今天", "The hukou would begin in the future"),
    "hukou_before_the_last": Message(
        C.INVALID_INPUT, "户籍登记日期早于现有登记（{since}）", "The hukou would begin before the last one ({since})"
    ),
    "reason_needed": Message(
        C.INVALID_INPUT, "请说明不予批准的理由", "A rejection needs a reason", "请填写理由", "Give the reason"
    ),
    "unknown_proposal": Message(
        C.NOT_FOUND, "没有这个提案", "There is no such proposal", "请核对提案编号", "Check the id"
    ),
    "unknown_member": Message(
        C.NOT_FOUND,
        "联席会议没有编号为{member}的成员",
        "The joint meeting has no member with the code {member}",
        "请在联席会议成员名单中查找编号",
        "See the list of its members",
    ),
    "proposal_open_already": Message(
        C.ACTION_NOT_ALLOWED,
        "事项{item}已有未结的提案",
        "There is an open proposal for item {item} already",
        "请先办结该提案",
        "Decide that one first",
    ),
    "admitted_already": Message(
        C.ACTION_NOT_ALLOWED,
        "事项{item}已全市通办",
        "Item {item} is done city-wide already",
        "如需变更，请提出调整（ADJUST）",
        "To change it, propose ADJUST",
    ),
    "no_plugin_supplies": Message(
        C.NOT_FOUND,
        "没有已安装的部门插件提供事项{item}",
        "No installed department supplies item {item}",
        "请先安装该部门的插件",
        "Install the department's plugin first",
    ),
    "definition_invalid": Message(
        C.INVALID_INPUT,
        "事项定义有误：{reason}",
        "The definition is not valid: {reason}",
        "请修改定义后重新提出",
        "Mend the definition and propose it again",
    ),
    "definition_of_another": Message(
        C.INVALID_INPUT,
        "定义的编号是{code}，不是{item}",
        "The definition's code is {code}, not {item}",
        "请核对事项编号",
        "Check which item is meant",
    ),
    "definition_of_exit": Message(
        C.INVALID_INPUT,
        "退出提案不带定义",
        "A withdrawal has no definition",
        "请去掉定义，或提出调整（ADJUST）",
        "Leave the definition out, or propose ADJUST",
    ),
    "nothing_to_check": Message(
        C.NOT_DECIDABLE,
        "退出提案没有可检查的定义",
        "A withdrawal has no definition to check",
        "可以直接决定",
        "Decide it right away",
    ),
    "proposal_not_there_yet": Message(
        C.ACTION_NOT_ALLOWED,
        "提案处于“{status}”状态，不能进行此操作",
        "Not possible while the proposal is {status}",
        "请查看提案当前状态；已结的提案须重新提出",
        "See where it stands; one that is decided needs a new proposal",
    ),
    "decision_needs_reason": Message(
        C.INVALID_INPUT, "请说明决定的理由", "A decision needs a reason", "请填写理由", "Give the reason"
    ),
    "office_only": Message(
        C.FORBIDDEN,
        "只有联席会议办公室可以决定和发布",
        "Only the office of the joint meeting decides and publishes",
        "请交由联席会议办公室办理",
        "Ask the office of the joint meeting",
    ),
    "not_checked": Message(
        C.CHECK_FAILED,
        "提案尚未通过全市通办检查",
        "The proposal has not been checked yet",
        "请先运行检查",
        "Run the tongban check first",
    ),
    "check_is_stale": Message(
        C.CHECK_FAILED,
        "检查之后定义或代码已变更",
        "The definition or the code has changed since the check",
        "请重新运行检查",
        "Run the check again",
    ),
    "check_failed": Message(
        C.CHECK_FAILED,
        "检查未通过的规则：{rules}",
        "Rules that failed: {rules}",
        "请修改定义，或说明理由并设定期限予以豁免",
        "Mend the definition, or waive the rules with a reason and an expiry",
    ),
    "waiver_needs_reason": Message(
        C.INVALID_INPUT, "豁免须说明理由", "A waiver needs a reason", "请填写理由", "Give the reason"
    ),
    "waiver_expired": Message(
        C.INVALID_INPUT, "豁免期限须晚于今天", "A waiver expires after today", "请填写以后的日期", "Give a later day"
    ),
    "nothing_to_waive": Message(
        C.INVALID_INPUT,
        "豁免的规则并未失败（失败的是：{rules}）",
        "The waiver names rules that did not fail (failed: {rules})",
        "请只豁免未通过的规则；全部通过时不需要豁免",
        "Waive only the rules that failed; where none did, leave the waiver out",
    ),
    "effective_in_the_past": Message(
        C.INVALID_INPUT,
        "生效日期{day}已过",
        "The day {day} is past",
        "请填写今天或以后的日期",
        "Give today or a later day",
    ),
    "edition_before_the_last": Message(
        C.INVALID_INPUT,
        "新版清单不能早于上一版（{day}）生效",
        "An edition can't begin before the last one ({day})",
        "请填写{day}或以后的日期",
        "Give {day} or a later day",
    ),
    "nothing_to_publish": Message(
        C.NOT_DECIDABLE,
        "没有届时生效的已批准提案",
        "Nothing approved is due by then",
        "请先批准提案",
        "Approve a proposal first",
    ),
    "calendar_administrators_only": Message(
        C.FORBIDDEN,
        "只有系统管理员或联席会议办公室可以发布日历",
        "Only an operator or the office of the joint meeting publishes the calendar",
        "请交由系统管理员办理",
        "Ask an operator",
    ),
    "calendar_year_unlikely": Message(
        C.INVALID_INPUT,
        "年份须在{first}至{last}之间",
        "The year lies between {first} and {last}",
        "请核对年份",
        "Check the year",
    ),
    "calendar_year_published": Message(
        C.ACTION_NOT_ALLOWED,
        "{year}年日历已发布，且与此不同（{differing}天不一致）",
        "The calendar of {year} is published already, and differs on {differing} days",
        "如确需更改，请填写replace: true（命令行为--replace）",
        "To change it all the same, say replace: true, on the command line --replace",
    ),
    "calendar_empty": Message(
        C.INVALID_INPUT,
        "没有任何节假日",
        "There is no holiday in it",
        "请填写放假通知中的全部日期",
        "Give every day of the official notice",
    ),
    "calendar_too_many_days": Message(
        C.INVALID_INPUT, "最多{most}天", "At most {most} days", "请核对日期", "Check the days"
    ),
    "calendar_day_outside": Message(
        C.INVALID_INPUT, "{day}不在{year}年内", "{day} is not in {year}", "请核对日期", "Check the date"
    ),
    "calendar_day_twice": Message(
        C.INVALID_INPUT, "{day}重复", "{day} stands there twice", "请只保留一次", "Keep it once"
    ),
    "calendar_day_both": Message(
        C.INVALID_INPUT,
        "{day}既是节假日又是调休上班日",
        "{day} is both a holiday and a make-up workday",
        "请按放假通知只保留一种",
        "Keep the one that the official notice says",
    ),
    "calendar_make_up_on_weekday": Message(
        C.INVALID_INPUT,
        "{day}是工作日，无须调休上班",
        "{day} is a weekday, which is worked anyhow",
        "调休上班日只能是周六或周日",
        "A make-up workday is a Saturday or a Sunday",
    ),
    "calendar_day_unnamed": Message(
        C.INVALID_INPUT,
        "节日名称须为1至{most}个字符",
        "The name of the holiday has 1 to {most} characters",
        "请填写节日名称",
        "Say which holiday it is",
    ),
    "calendar_weekdays_off": Message(
        C.INVALID_INPUT,
        "{year}年放假的工作日减去调休上班日为{net}天，应为{least}至{most}天",
        "{year} has {net} weekdays off, make-up workdays subtracted; there should be {least} to {most}",
        "请核对是否缺少节假日或调休上班日",
        "See whether holidays or make-up workdays are missing",
    ),
    "calendar_source_needed": Message(
        C.INVALID_INPUT,
        "请注明依据，最多{most}个字符",
        "Say where it comes from, in at most {most} characters",
        "如：放假通知的文号",
        "Such as the number of the official notice",
    ),
    "item_suspended": Message(
        C.ITEM_NOT_IN_FORCE,
        "事项{item}已暂停受理：{reason}",
        "Item {item} is suspended: {reason}",
        "请稍后再试，或拨打962200咨询",
        "Please try again later, or call 962200",
    ),
}


def problem(name: str, *path: str, **values: object) -> Problem:
    """The problem by its name in `MESSAGES`, at `path`, with `values` filled in."""
    message = MESSAGES[name]
    return Problem(
        code=message.code,
        message=message.zh.format(**values),
        message_en=message.en.format(**values),
        path=path,
        next_step=message.next_zh and message.next_zh.format(**values),
        next_step_en=message.next_en and message.next_en.format(**values),
    )


BARRIERS = {
    "LEGAL_RESTRICTION": ("政策法规限制", "legal limits"),
    "CROSS_DISTRICT_SETTLEMENT": ("跨区资金结算", "settlement of funds across districts"),
    "FIELD_VERIFICATION": ("需要实地查证", "verification on site"),
    "APPLICANT_CANNOT_PROVIDE": ("部分材料申请家庭无法直接提供", "materials that the family cannot provide itself"),
    "DISTRICT_BATCH_WINDOWS": (
        "各区按批次受理，时间和周期不同",
        "each district takes applications in batches of its own",
    ),
    "DISTRICT_VARIANT_AMOUNT": ("各区补贴标准不一致", "amounts that differ by district"),
    "DIVERGENT_DISTRICT_STANDARD": ("各区执行标准不一", "standards that differ by district"),
}
AUDIENCES = {
    "HUKOU": ("本市户籍人员", "residents with Shanghai hukou"),
    "RESIDENCE_PERMIT": ("持有效居住证的人员", "holders of a valid residence permit"),
    "ANYONE": ("所有人", "anyone"),
}
