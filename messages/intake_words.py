"""The words by which a message is sorted (`messages.intake`), for a person to read, doubt and add to.

Phrases stand between commas, written with their accents. Each also counts without them ("den duong"), but for those
marked ! ("ồn!"): without its accent such a word is often another one ("on" is mostly ơn). A phrase marked ? is a weak
hint: it decides only when nothing stronger is said. Where phrases overlap the longest counts: "đèn đường" is no road.
"""

from messages.intake_phrases import Phrases, lexicon
from messages.understanding.keys import several

FIELDS: dict[str, Phrases] = {
    "road": Phrases(
        "đường!, con đường, đường làng, đường thôn, đường xóm, đường bản, đường bê tông, đường đất, đường nhựa, đường "
        "liên thôn, đường liên xã, đường dân sinh, đường nội đồng, đường vào, đường hỏng, đường xấu, đường lầy, đường "
        "lún, mặt đường, lề đường, lòng đường, đoạn đường, ổ gà, ổ voi, cầu!, cầu treo, cầu tràn, cây cầu, cầu gỗ, "
        "chân cầu, vỉa hè, ngõ!, hẻm!, ngầm tràn, lan can, biển báo, gương cầu, ta luy, taluy, xe tải, xe ben, xe quá "
        "tải, xe chở đất, giao thông?, sụt lún, lầy lội, đi lại khó khăn, rải đá, bê tông?, hành lang giao thông, hành "
        "lang đường, cây đổ, cây chắn ngang, lối đi chung, sạt taluy, đá lăn, đường ngõ, trơn trượt, mố cầu"
    ),
    "flood": Phrases(
        "ngập, bị ngập, ngập sâu, ngập quá, ngập hết, ngập cả, "
        "ngập lụt, ngập úng, ngập nước, nước ngập, đường ngập, ngập đường, đường thôn tôi ngập, úng!, "
        "lụt!, cống!, cống thoát, nắp cống, tắc cống, cống tắc, rãnh, rãnh thoát nước, mương!, mương thoát nước, kênh "
        "mương, kênh!, thoát nước, hố ga, bờ kè, kè!, đê!, ứ đọng, ứ nước, nước tràn, nước chảy tràn, nước đọng, nước "
        "dâng"
    ),
    "light": Phrases(
        "đèn!, đèn đường, đèn chiếu sáng, đèn cao áp, bóng đèn, chiếu sáng, cột điện, trụ điện, trụ đèn, cột đèn, dây "
        "điện, đường dây, đường dây điện, đường điện, mất điện, cúp điện, cắt điện, điện yếu, điện chập chờn, trạm "
        "điện, trạm biến áp, chập điện, tiền điện, công tơ, điện!, điện lực, đèn ngõ, lưới điện, đường tối, tối om"
    ),
    "water": Phrases(
        "nước sạch, nước máy, mất nước, cúp nước, cắt nước, nước sinh hoạt, nước uống, không có nước, nước đục, nước "
        "yếu, ống nước, đường ống nước, đường ống, vòi nước, bể nước, đồng hồ nước, tiền nước, giếng!, giếng khoan, "
        "nước phèn, nước giếng, thiếu nước, trạm nước, nước ăn, nguồn nước, nước tưới"
    ),
    "rubbish": Phrases(
        "rác, rác thải, rác ngập, rác ngập đường, "
        "bãi rác, thùng rác, đống rác, xe rác, thu gom rác, gom rác, đổ rác, đốt rác, vứt rác, mùi hôi, "
        "hôi thối, bốc mùi, mùi thối, hôi!, thối!, ô nhiễm, xả thải, nước thải, khói!, khói bụi, bụi!, bụi bặm, phân "
        "lợn, phân gà, xác lợn, xác gà, lợn chết, gà chết, vệ sinh môi trường, mất vệ sinh, môi trường?, vỏ thuốc sâu, "
        "lò gạch, túi ni lông, nước đen ngòm, trại lợn, trại heo, chuồng lợn, chuồng heo, đổ trộm"
    ),
    "noise": Phrases(
        "ồn!, ồn ào, ồn quá, karaoke, hát hò, kẹo kéo, loa kẹo kéo, loa thùng, loa!, loa đài, tiếng ồn, nhạc to, mở "
        "nhạc, bật nhạc, nhạc xập xình, nẹt pô, máy cưa, xưởng gỗ, xưởng cưa, không ngủ được, mất ngủ, inh ỏi, ầm ĩ, "
        "hát suốt đêm, hát đêm"
    ),
    "safety": Phrases(
        "an ninh, trật tự, mất trật tự, tụ tập, đua xe, phóng nhanh, lạng lách, quậy phá, gây rối, say rượu, say xỉn, "
        "người lạ, mất cắp, pháo!, đốt pháo, đốt đồng, thanh niên?, nguy hiểm?, kẻ gian, cháy nổ, phòng cháy, bóng "
        "cười, cổ vũ đua, ao không rào, hố sâu, không rào chắn, chắn lối"
    ),
    "animals": Phrases(
        "chó!, chó thả rông, chó dữ, chó cắn, chó dại, con chó, đàn chó, thả rông, trâu bò, trâu!, bò!, lợn!, heo!, "
        "gà!, vịt!, con lợn, đàn lợn, đàn bò, đàn trâu, dịch tả, dịch bệnh, cúm gia cầm, gia súc, gia cầm, sâu bệnh, "
        "lúa!, ruộng lúa, mùa màng, hoa màu, chuột phá, ốc bươu, tiêm phòng, thú y, cây trồng, phá lúa, dịch lợn, lở "
        "mồm long móng, phá hoa màu, ăn lúa"
    ),
    "school": Phrases(
        "trường!, trường học, trường mầm non, trường tiểu học, nhà trường, cổng trường, lớp học, cô giáo, thầy giáo, "
        "giáo viên, hiệu trưởng, học sinh?, học phí, trạm y tế, bác sĩ, y tá, y sĩ, tiêm chủng, bữa ăn bán trú, bán "
        "trú, khám bệnh, hết thuốc, mầm non, mẫu giáo, điểm trường, phòng học"
    ),
    "land": Phrases(
        "đất!, đất đai, sổ đỏ, bìa đỏ, sổ hồng, thu hồi đất, thu hồi, đền bù, bồi thường, giải phóng mặt bằng, giải "
        "tỏa, tái định cư, quy hoạch, lấn chiếm, đo đạc, đo đất, thửa đất, mảnh đất, đất công, đất ruộng, đất rừng, "
        "xây trái phép, xây dựng trái phép, khai thác cát, hút cát, chuyển mục đích, áp giá, giá đất, ranh giới, lấn "
        "đất, múc đất, chuyển đổi đất, cấp đất, chia đất, chồng lấn, cắm mốc, ranh đất"
    ),
    "policy": Phrases(
        "trợ cấp, hộ nghèo, cận nghèo, người có công, thương binh, liệt sĩ, bảo hiểm y tế, bảo trợ, bảo trợ xã hội, hỗ "
        "trợ?, tiền hỗ trợ, chế độ!, chính sách?, quà tết, phát gạo, cấp gạo, "
        "gạo hỗ trợ, gạo cứu trợ, người cao tuổi, khuyết tật, cứu trợ, "
        "lương hưu, nhà tình nghĩa, nhà tạm, nhà dột, dột nát, mai táng phí, tiền tuất, xóa nhà tạm, người già neo "
        "đơn, chất độc da cam, tiền tết, bình xét, xét hộ nghèo"
    ),
    "service": Phrases(
        "một cửa, 1 cửa, cán bộ?, công chức?, tư pháp?, địa chính?, làm giấy?, nhân viên?, tiếp dân?, thái độ, hẹn đi "
        "hẹn lại, hẹn lần lượt, bắt chờ, chờ lâu, đợi lâu, chờ cả buổi, chờ mãi, đi lại nhiều lần, đi lại mấy lần, đi "
        "lên đi xuống, bắt bổ sung, bổ sung giấy tờ, thêm giấy tờ, thêm giấy, giấy tờ?, hồ sơ?, thủ tục?, quá hẹn, trễ "
        "hẹn, phục vụ?, hướng dẫn?, quầy!, làm việc chậm, chậm trễ?, thu thêm phí, thu thêm lệ phí, thu thêm tiền, lệ "
        "phí, hành dân, gắt gỏng, cáu gắt, lạnh nhạt, nạt nộ, hất hàm, đùn đẩy, không có mặt, không ai tiếp, không "
        "tiếp dân, làm hồ sơ, gây phiền hà, giấy ngoài quy định"
    ),
    "money": Phrases(
        "đóng góp, tiền đóng góp, quỹ!, quỹ thôn, quỹ xóm, tiền quỹ, thu quỹ, thu tiền, thu tiền làm đường, tiền làm "
        "đường, thu chi, công khai thu chi, công khai quỹ, xã hội hóa, nộp tiền làm đường, lạm thu, khoản thu, các "
        "khoản thu, tiền ủng hộ, thu mỗi hộ, mỗi hộ đóng, mỗi khẩu, đóng tiền, bắt đóng"
    ),
}  # fmt: skip

INSTEAD = {"road": "flood"}
"""What is wrong weighs more than what it is wrong with: a road under water is a matter of drains."""

NOTHING = Phrases(
    "loa phát thanh, loa thôn, loa phường, yêu cầu, nhu cầu, toàn cầu, cầu mong, cầu chì, điện thoại, số điện thoại, "
    "đất nước, cảm ơn, cám ơn, xin cảm ơn, đường dây nóng, trường hợp, môi trường mạng, thị trường, mất công, điện tử, "
    "đến nơi, làm ơn, chế độ ăn, trường kỳ, biết ơn, điều kiện, quyết định nghỉ, đất trời, bảo hiểm xe, on dinh, den "
    "noi, ở trường, đúng đường, dọc đường, trên đường đi làm, đi đường, băng qua đường, ra đường, khó thở, quầy hàng, "
    "lo lắng, tối đường"
)
"""What only sounds like one of those; it covers its words, so that no field counts them."""

BROKEN = Phrases(
    "hỏng, hư!, hư hỏng, vỡ!, gãy, sập, sụt, lún, nứt, ngập, lầy lội, tắc!, nghẹt, tràn!, bẩn!, hôi!, thối!, ô nhiễm, "
    "xuống cấp, sạt, sạt lở, nguy hiểm, bốc mùi, bong tróc, đục, cháy bóng, chập chờn, không sáng, tắt!, chết!, đứt, "
    "võng!, xói, nghiêng, sắp đổ, đổ!, đổ trộm, vứt!, xả!, xả thải, ồn!, ồn ào, karaoke, thả rông, cắn!, mất điện, "
    "mất nước, không có nước, mất nắp, ổ gà, ổ voi, chậm!, chậm trễ, quá hẹn, trễ hẹn, bắt chờ, chờ mãi, chờ cả buổi, "
    "bắt bổ sung, tụ tập, mất cắp, lấn chiếm, xây trái phép, phá!, ầm ĩ, inh ỏi, mùi hôi, rò rỉ, không ai sửa, chưa "
    "sửa, chưa được, chưa có, không được nhận, không thấy, bị cắt, kẹt, ách tắc, thu thêm, lạm thu, gắt gỏng, cáu "
    "gắt, đùn đẩy, cạn!, hết nước, tắc nghẽn, lộ thiên, trơ!, không công khai, tối om, tối thui, bụi mù, lạnh nhạt, "
    "chưa trả"
)
"""Facts of something that is wrong: such a message tells, whatever it asks for besides."""

WISHES = lexicon(
    "đề nghị, kiến nghị, đề xuất, mong xã, mong ủy ban, mong thôn, mong các cấp, mong cán bộ, mong được, mong muốn, "
    "mong rằng, nên, giá mà, ước gì, xin xã, xin ủy ban, xin được làm, xin mở, xin cho làm, cần có thêm, cần thêm, "
    "nguyện vọng, mong, nen lam, nen co, nen to chuc, nen mo, nen lap, nen dat"
)
VIEWS = lexicon(
    "góp ý, đóng góp ý kiến, theo tôi, tôi nghĩ, tôi thấy rằng, ý kiến của tôi, theo ý kiến, cho ý kiến, tôi cho rằng, "
    "góp vài lời, có ý kiến, ý kiến là, ý kiến về"
)
PRAISES = lexicon(
    "khen, khen ngợi, biểu dương, tuyên dương, rất hài lòng, hài lòng, nhiệt tình, tận tình, chu đáo, niềm nở, vui vẻ, "
    "cảm ơn cán bộ, cám ơn cán bộ, cảm ơn anh, cảm ơn chị, cảm ơn cô, cảm ơn các anh, cảm ơn các chị, cảm ơn các cháu, "
    "cảm ơn xã, cám ơn xã, cảm ơn ủy ban, cảm ơn ubnd, cảm ơn lãnh đạo, cảm ơn chính quyền, cám ơn các, cảm ơn bác, "
    "cảm ơn bộ phận, cảm ơn đoàn, cảm ơn thôn, cảm ơn công an, cảm ơn trạm, phục vụ tốt, làm việc tốt, tốt bụng, ghi "
    "nhận, xin cảm ơn cán bộ, nhanh gọn, rất tốt, cảm ơn nhiều cán bộ, rất nhanh, lễ phép, chu dao"
)
"""Praise, as long as nothing is wrong."""
PLEAS = lexicon(
    "xin cảm ơn, xin cám ơn, cảm ơn xã trước, cảm ơn trước, mong xã sửa, giúp dân, xem giúp, kiểm tra giúp, xử lý giúp"
)
"""Manners at the end of a plea; they praise nobody."""

# --- own rights: khiếu nại --------------------------------------------------------------------------------------------

TITLED = lexicon("khiếu nại, khiếu kiện, đơn kiện, kiện xã, kiện ủy ban, khởi kiện, kiện ra tòa")
"""What somebody calls it. A name alone says little: it may be a pothole."""

DECISIONS = lexicon(
    "quyết định, xử phạt, phạt hành chính, phạt tiền, bị phạt, biên bản, thông báo thu hồi, thu hồi đất, thu hồi, bồi "
    "thường, đền bù, áp giá, giải tỏa, cưỡng chế, tái định cư, giải phóng mặt bằng, từ chối cấp, không cấp, không công "
    "nhận, không chịu cấp, không cho cấp, cấp sổ, cấp sổ đỏ, cấp giấy chứng nhận, cấp nhầm, cắt trợ cấp, cắt chế độ, "
    "cắt hộ nghèo, gạch tên, loại khỏi, ra khỏi danh sách, đưa ra khỏi, không được xét, bị cắt, không xét, truy thu, "
    "tháo dỡ, đình chỉ, thu giữ, tịch thu, kỷ luật, chấm dứt hợp đồng, buộc thôi việc, trả lại hồ sơ, bác đơn, thoát "
    "nghèo, văn bản trả lời, kết luận của xã"
)
"""Decisions and acts of an office that may harm somebody's right."""

DISAGREES = lexicon(
    "không đồng ý, không phục, không chấp nhận, không nhất trí, chưa đồng ý, phản đối, oan, oan ức, oan uổng, oan sai, "
    "trái luật, trái pháp luật, không đúng, không đúng luật, chưa đúng, sai quy định, sai luật, bồi thường sai, đền bù "
    "sai, áp giá sai, tính sai, làm sai, ghi sai, ra sai, xử sai, phạt sai, thiếu diện tích, tính thiếu, đền bù thiếu, "
    "bồi thường thiếu, không thỏa đáng, chưa thỏa đáng, thiệt thòi, xem xét lại, xem lại quyết định, xem lại, hủy "
    "quyết định, thu hồi quyết định, quá rẻ, quá thấp, bèo bọt, rẻ mạt, bất công, không công bằng, vô lý, không có căn "
    "cứ, không hợp lý, quyền lợi của tôi, quyền lợi nhà tôi, mất quyền lợi, ảnh hưởng quyền lợi, đòi lại, không lý do, "
    "không rõ lý do, không nêu lý do, không giải thích, phạt nhầm, nhầm tôi, không chịu, sao lại bị, tại sao bị, vì "
    "sao bị"
)
OWN = lexicon(
    "tôi, tui, em, cháu, con, mình, nhà tôi, gia đình tôi, gia đình, của tôi, bố tôi, mẹ tôi, chồng tôi, vợ tôi, bà "
    "tôi, ông tôi, nhà em, nhà mình, chúng tôi, nhà tui, hộ tôi, mẹ em, bố em, ba tôi, má tôi, nhà cháu, bà con chúng "
    "tôi"
)
"""Whose right it is: a complaint is about one's own."""

PUBLIC = frozenset({"road", "flood", "light", "water", "rubbish", "noise", "animals", "safety"})
"""About these a "complaint" without any decision is a report (domain 3.1)."""

# --- quarrels between private people ----------------------------------------------------------------------------------

QUARRELS = lexicon(
    "tranh chấp, hàng xóm lấn, lấn đất nhà tôi, lấn đất tôi, lấn sang đất, lấn sang nhà, lấn ranh, lấn sang vườn, lấn "
    "bờ rào, lấn mất, lấn ruộng, lấn bờ ruộng, xây lấn, rào lấn, dịch bờ rào, dời cọc mốc, nhổ cọc mốc, nhổ mốc, ly "
    "hôn, li hôn, ly dị, ly thân, chia tài sản, chia thừa kế, chia đất của bố mẹ, chia đất cho, thừa kế, đòi nợ, đòi "
    "lại nợ, nợ tiền, vay tiền, vay nợ, mượn tiền, vay của tôi, nợ tôi, không trả nợ, quỵt nợ, giành nuôi con, quyền "
    "nuôi con, giành con, mâu thuẫn với hàng xóm, mâu thuẫn gia đình, cãi nhau với hàng xóm, xích mích, hòa giải, bịt "
    "lối đi, rào lối đi, chặn lối đi, đánh ghen, ngoại tình, chửi nhau, cãi cọ, anh em tôi tranh, đòi chia, mẹ chồng, "
    "tiền hụi, vỡ hụi, giật hụi, chơi hụi, đặt cọc"
)
NEIGHBOURS = lexicon(
    "hàng xóm, láng giềng, nhà bên, nhà bên cạnh, nhà ông, nhà bà, nhà anh, nhà chị, nhà chú, ông hàng xóm, bà hàng "
    "xóm, anh trai, em trai, chị gái, em gái, anh em, họ hàng, chồng tôi, vợ tôi, con rể, con dâu, em rể, nhà đối "
    "diện, chồng em, vợ em, nhà liền kề, bạn tôi"
)
BORDERS = lexicon(
    "lấn, lấn đất, lấn chiếm, ranh giới, bờ rào, hàng rào, mốc giới, bờ ruộng, lối đi, lối đi chung, chiếm đất, trổ "
    "cửa sổ, mái tôn chìa, nước mái, cành cây, rễ cây, nợ, vay, mượn, đất nhà tôi, chia đất"
)
"""Between neighbours or kin these are a quarrel."""
OF_ALL = lexicon(
    "đất công, vỉa hè, lòng đường, hành lang, hành lang đường, lối đi chung của thôn, đường chung, sân nhà văn hóa, "
    "mương, mương chung, lề đường, đất của xã, đất rừng phòng hộ, bãi sông, lòng sông, lòng suối, suối, kênh, kênh "
    "mương, đất nghĩa trang, chợ"
)
"""What is taken here belongs to everybody: that is told to the commune, it is no quarrel of two."""
PAPERS = lexicon(
    "thủ tục, giấy xác nhận, xác nhận, cần giấy gì, trích lục, giấy độc thân, đăng ký kết hôn, án phí, làm giấy, xác "
    "nhận độc thân, khai thuế, sang tên"
)
"""Somebody who needs a paper about it quarrels with nobody."""

# --- what the card must know ------------------------------------------------------------------------------------------

HEADS = lexicon(
    "trưởng thôn, trưởng bản, trưởng xóm, trưởng ấp, trưởng khu, tổ trưởng, phó thôn, phó trưởng thôn, bí thư chi bộ, "
    "vợ trưởng thôn, con trưởng thôn, ban quản lý thôn, ban công tác mặt trận, mặt trận thôn, ban thôn, công an viên, "
    "thôn đội trưởng"
)
DUES = lexicon(
    "quỹ, quỹ thôn, đóng góp, thu tiền, thu quỹ, tiền quỹ, thu chi, xã hội hóa, lạm thu, khoản thu, đóng tiền, tiền "
    "ủng hộ, mỗi hộ đóng, mỗi khẩu, tiền làm đường, bắt đóng, bình xét, xét hộ nghèo"
)
HOUSEHOLDS = lexicon(
    "nhà ông, nhà bà, nhà anh, nhà chị, nhà chú, nhà cô, nhà bác, nhà hàng xóm, nhà bên, nhà bên cạnh, nhà đối diện, "
    "hộ ông, hộ bà, hộ anh, hộ chị, hộ nhà, gia đình ông, gia đình bà, gia đình anh, gia đình chị, hàng xóm, ông hàng "
    "xóm, bà hàng xóm, nhà thằng, nhà kia, một hộ, hộ gia đình, nhà nó"
)
AT_A_HOUSE = frozenset(
    several(
        "trước truoc gần gan cạnh canh đối doi diện dien cổng cong qua từ tu đến den tới toi chỗ cho sau ngõ ngo ngay "
        "đoạn doan ở gốc goc đầu dau cuối cuoi giữa giua cửa cua sát sat khu dốc doc phía phia"
    )
)
"""Before a house these make it a place: "đoạn trước nhà ông Năm" speaks of the road."""

ANGER = lexicon(
    "bức xúc, quá bức xúc, quá đáng, vô trách nhiệm, chịu hết nổi, hết chịu nổi, không chịu nổi, làm ăn kiểu gì, làm "
    "ăn thế à, ăn hại, điên tiết, tức quá, tức điên, bực mình, bực lắm, bực quá, khốn nạn, vô dụng, coi thường dân, "
    "khinh dân, mặc kệ dân, sống chết mặc bay, bao nhiêu lần rồi, nói mãi, phản ánh mãi, mấy lần rồi, chán lắm rồi, "
    "ngồi mát, điếc à, mù à, trời ơi, vô cảm, dân khổ lắm, vl, vcl, dm, đm, vãi, mẹ kiếp, thằng nào, lũ, đồ, quan "
    "liêu, hứa lèo, hứa hươu hứa vượn, hứa suông, ngu, không ra gì, loạn hết, phát điên, tức lắm"
)

COUNTER = lexicon(
    "thêm giấy tờ, thêm giấy, bổ sung giấy tờ nhiều lần, giấy ngoài quy định, thu thêm, nộp thêm tiền, đóng thêm tiền, "
    "đòi thêm tiền, đi lại nhiều lần, đi lại mấy lần, đi lên đi xuống, hẹn đi hẹn lại, hành dân, gây phiền hà, gắt "
    "gỏng, cáu gắt, nạt nộ, đùn đẩy, thái độ"
)
"""What somebody says who was served badly at the counter, whatever paper it was about (A08, A09, A19)."""

# --- several matters --------------------------------------------------------------------------------------------------

NEXT = (
    r"ngoài ra|ngoai ra|thứ nhất|thu nhat|thứ hai là|thu hai la|thứ hai,|thứ hai:|thứ ba là|thứ ba,|"
    r"thứ ba:|việc thứ (?:nhất|hai|ba)|viec thu (?:nhat|hai|ba)|một là|hai là|ba là|mot la|hai la|việc nữa|"
    r"viec nua|một việc nữa|mot viec nua|việc khác|chuyện nữa|chuyen nua|chuyện khác|còn nữa|con nua|"
    r"còn chuyện|còn việc|tiện thể|tien the|nhân tiện|nhan tien|bên cạnh đó|ben canh do|đồng thời|với lại|"
    r"voi lai|thêm nữa|them nua|mặt khác"
)
"""Words that begin another matter, as a regular expression."""
AKIN = frozenset(
    frozenset(pair.split("-"))
    for pair in several(
        "road-flood road-light flood-rubbish flood-water rubbish-water rubbish-animals noise-safety land-policy "
        "land-service policy-service policy-money road-safety road-rubbish road-money light-safety animals-safety "
        "land-road money-service rubbish-noise land-rubbish light-money school-road school-money"
    )
)
"""Fields that one matter often touches: two sentences about these are not taken apart."""
